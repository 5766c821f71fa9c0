import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure } from '../model/failure.ts';
import { isObject } from '../model/json.ts';
import type { Io } from '../model/ports.ts';
import type { StateDump } from '../model/store.ts';
import { isShallow, isStateDump } from '../plan/shapes.ts';
import { count, printable } from '../render/style.ts';
import { reading, shownState } from './open-state.ts';
import { print } from './print.ts';
import { type RawOptions, readFlags } from './settings.ts';
import { agree, changing } from './state.ts';
import { outOf, whyNotRead, writeOwn } from './write-file.ts';

/** `state export`: the whole state as JSON, to standard output or to a file of its owner's alone. */
export async function stateExport(raw: RawOptions, io: Io): Promise<number> {
  const settings = readFlags(raw, io);
  // As import has it for standard input.
  const out = outOf(raw) === '-' ? undefined : outOf(raw);
  const store = await reading('reelstate state export', settings, io);
  if (store.key === undefined)
    throw new Failure(`there is no state in ${shownState(settings, io.cwd)}`, {
      hint: 'Nothing was exported.',
    });
  const dump = await store.dump(io.clock.now());
  await store.close();
  if (out === undefined) await print(pieces(dump), io);
  else await writeOwn(out, pieces(dump), io);
  await io.err(
    `Exported ${count(dump.recordings.length, 'recording')} and ${count(dump.calls.length, 'call')}${out === undefined ? '' : ` to ${printable(out)}`}. ${
      dump.key === null
        ? 'REELSTATE_STATE_KEY must be the same where it is imported.'
        : 'It holds the key of the fingerprints: keep it to yourself.'
    }\n`,
  );
  return 0;
}

/** `state import FILE`: reads what was exported. A state with something in it is replaced only after asking. */
export async function stateImport([file = '']: readonly string[], raw: RawOptions, io: Io): Promise<number> {
  const dump = parse(textOf(await bytesOf(file, io), file), file);
  return changing('reelstate state import', raw, io, async (store) => {
    const before = store.state.known.size;
    if (before > 0)
      await agree(
        `There ${before === 1 ? 'is 1 recording' : `are ${before} recordings`} in the state. Replace all of it by ${count(dump.recordings.length, 'recording')} as of ${dump.exported_at}?`,
        raw,
        io,
      );
    await store.restore(dump);
    const [recordings, calls] = [dump.recordings.length, dump.calls.length];
    const message = `Imported ${count(recordings, 'recording')} and ${count(calls, 'call')}.`;
    return { message, recordings, calls };
  });
}

async function bytesOf(file: string, io: Io): Promise<Buffer> {
  try {
    return file === '-' ? Buffer.from(await io.input()) : await readFile(resolve(io.cwd, file));
  } catch (cause) {
    throw new Failure(`${printable(file)} cannot be read: ${whyNotRead(cause)}`, { cause });
  }
}

/** Shells of Windows put a byte order mark before what they save, or save it as UTF-16. @throws Failure for the latter */
function textOf(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure(`${file} is not UTF-8`, { hint: 'Save the file as UTF-8.', cause });
  }
}

/** @throws Failure where it is not what `state export` writes */
function parse(text: string, file: string): StateDump {
  const again = { hint: 'Nothing was changed. reelstate state export writes one.' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value) || value.reelstate !== 'state')
    throw new Failure(`${file} is no exported state`, again);
  if (value.format_version !== '1.0')
    throw new Failure(`${file}: written by another version of reelstate`, again);
  if (!isShallow(value) || !isStateDump(value)) throw new Failure(`${file} is damaged`, again);
  // As of two files that were put together: which of them holds is not known.
  const recording = firstTwice(value.recordings, ({ key }) => key);
  if (recording)
    throw new Failure(`${file} is damaged: it has the recording ${printable(recording.name)} twice`, again);
  const call = firstTwice(value.calls, ({ seq }) => seq);
  if (call) throw new Failure(`${file} is damaged: it has the call ${call.seq} twice`, again);
  return value;
}

function firstTwice<T>(all: readonly T[], idOf: (one: T) => unknown): T | undefined {
  const seen = new Set<unknown>();
  return all.find((one) => seen.size === seen.add(idOf(one)).size);
}

/** A line a recording and a call: of a million calls, one text would be longer than a text can be. */
function* pieces({ recordings, orphaned, calls, ...rest }: StateDump): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},\n"orphaned":${JSON.stringify(orphaned)},\n`;
  yield* listed('recordings', recordings);
  yield ',\n';
  yield* listed('calls', calls);
  yield '}\n';
}

function* listed(name: string, items: readonly object[]): Generator<string> {
  yield `"${name}":[`;
  for (const [index, item] of items.entries()) yield `${index === 0 ? '\n' : ',\n'}${JSON.stringify(item)}`;
  yield ']';
}
