import { access, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { MODES } from '../agora/tables.ts';
import type { CheckedFile } from '../desired/checked.ts';
import { isRecordingFileName, reason } from '../desired/find.ts';
import { readFile } from '../desired/load.ts';
import { shownPath } from '../desired/paths.ts';
import { checkWritten } from '../import/check.ts';
import { convertStart, type ImportedIdentity } from '../import/convert.ts';
import { readStartJson, type StartJson } from '../import/start-json.ts';
import { recordingFileText } from '../import/text.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Mode } from '../model/recording.ts';
import { printable } from '../render/style.ts';
import { importNotes, problemText } from './import-notes.ts';
import { openForImport } from './import-state.ts';
import { isSet, type RawOptions, readSettings } from './settings.ts';

/** Where the file goes, and what it is called until then. */
interface Place {
  /** Absolute; undefined: standard output. */
  out: string | undefined;
  /** The file as the user would type it. */
  shown: string;
  /** The schema, from the file's folder. */
  schema: string;
}

/**
 * `reelstate import`: writes a recording file from the JSON that was given to `start`. Secrets become references;
 * what only `start` takes is told on standard error.
 * @returns 0, or 1 where the JSON holds something that a recording file cannot say
 */
export async function importRecording(file: string, raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const flags = readFlags(raw);
  const start = readStartJson(await bytesOf(file, io), file);
  const identity = identityOf(flags, start, file);
  const outName = flags.out && basename(flags.out, extname(flags.out));
  const name = flags.name ?? outName ?? (typeof identity.cname === 'string' ? identity.cname : 'recording');
  const place = placeOf(flags.out, join(settings.dir, `${name}.yaml`), io.cwd);

  const converted = convertStart(start, identity, name);
  const text = recordingFileText(converted.document, place.schema);
  const { checked, told } = checkWritten(text, place.shown, converted.origins);
  const errors = [...converted.problems, ...told.filter(({ severity }) => severity === 'error')];
  if (errors.length > 0) {
    // A value that is missing because it was refused at its own place is not worth a second line.
    const first = converted.problems.length > 0 ? converted.problems : errors;
    for (const problem of first) await io.err(`${problemText(file, problem)}\n`);
    await io.err('reelstate: nothing was written\n');
    return 1;
  }
  const values = Object.fromEntries(converted.secrets.map(({ variable, value }) => [variable, value]));
  const recorded = await writeAndRecord({ text, checked, place, values, raw, state: settings.state, io });
  for (const warning of told) await io.err(`${problemText(file, warning)}\n`);
  await io.err(printLines(importNotes({ file, place: place.out && place.shown, converted, env: io.env })));
  if (recorded) await io.err(`${printable(recorded)}\n`);
  return 0;
}

function printLines(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** The file, and with --applied the state: looked at first, so that a refusal leaves nothing behind. */
async function writeAndRecord(input: {
  text: string;
  checked: CheckedFile;
  place: Place;
  values: Record<string, string>;
  raw: RawOptions;
  state: string;
  io: Io;
}): Promise<string | undefined> {
  const { text, checked, place, values, raw, state, io } = input;
  if (place.out && (await isThere(place.out))) throw overwriting(place.shown);
  if (!isSet('applied', raw, io)) {
    await write(text, place, io);
    return undefined;
  }
  const record = await openForImport(state, checked, values, io);
  try {
    await write(text, place, io);
    const endpoints = await record.commit();
    return endpoints.length === 0
      ? 'Nothing to record as applied: the JSON sets nothing that update or updateLayout can change.'
      : `Recorded as applied in ${shownPath(state, io.cwd)}: ${endpoints.join(' and ')}. The next plan is empty while the secrets are the same.`;
  } finally {
    await record.close();
  }
}

async function write(text: string, { out, shown }: Place, io: Io): Promise<void> {
  if (out === undefined) return io.out(text);
  try {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw overwriting(shown);
    throw new Failure(`${shown} cannot be written: ${reason(error)}`, { cause: error });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function overwriting(shown: string): Failure {
  return new Failure(`${shown} is there already, and is left as it is`, {
    hint: 'Give another --out, or move the file away first.',
  });
}

interface Flags extends Omit<ImportedIdentity, 'cname' | 'uid'> {
  cname: string | undefined;
  uid: string | undefined;
  name: string | undefined;
  out: string | undefined;
}

/** @throws Failure (64) */
function readFlags(raw: RawOptions): Flags {
  const text = (name: string) => (typeof raw[name] === 'string' ? (raw[name] as string) : undefined);
  const needed = (name: string, flag: string) => {
    const value = text(name);
    if (!value) throw usage(`${flag} is missing`, 'It says which running recording the file is about.');
    return value;
  };
  const appId = needed('appId', '--app-id');
  const sid = needed('sid', '--sid');
  const resourceId = needed('resourceId', '--resource-id');
  const mode = needed('mode', '--mode') as Mode;
  if (!MODES.includes(mode))
    throw usage(`--mode ${JSON.stringify(mode)}: must be one of ${MODES.join(', ')}`);
  const out = text('out');
  if (out !== undefined && !isRecordingFileName(basename(out)))
    throw usage(
      `--out ${JSON.stringify(out)}: the name must end in .yaml or .yml and must not begin with a dot`,
      'Files with other names are not read as recordings.',
    );
  return { appId, sid, resourceId, mode, cname: text('cname'), uid: text('uid'), name: text('name'), out };
}

/** @throws Failure (64) where neither the flags nor the JSON name the channel or the recording client */
function identityOf({ appId, sid, resourceId, mode, ...flags }: Flags, start: StartJson, file: string) {
  const cname = flags.cname ?? start.cname ?? undefined;
  const uid = flags.uid ?? start.uid ?? undefined;
  if (cname === undefined) throw usage(`--cname is missing: ${file} does not name the channel`);
  if (uid === undefined) throw usage(`--uid is missing: ${file} does not name the recording client`);
  return { appId, cname, uid, resourceId, sid, mode };
}

async function bytesOf(file: string, io: Io): Promise<Uint8Array> {
  const bytes = await readFile(resolve(io.cwd, file));
  if (bytes === 'missing') throw new Failure(`${file} does not exist`);
  if (!(bytes instanceof Uint8Array)) throw new Failure(`${file} cannot be read: ${bytes.error}`);
  return bytes;
}

/** @param usual where a file that goes to standard output is going to be, relative to the working directory */
function placeOf(out: string | undefined, usual: string, cwd: string): Place {
  const path = resolve(cwd, out ?? usual);
  const schema = relative(dirname(path), join(cwd, 'schemas', 'recording.schema.json'));
  return {
    out: out === undefined ? undefined : path,
    shown: shownPath(path, cwd),
    schema: schema.split(sep).join('/'),
  };
}
