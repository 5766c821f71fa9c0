import { access, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { MODES } from '../agora/tables.ts';
import type { CheckedFile } from '../desired/checked.ts';
import { readFile } from '../desired/disk.ts';
import { isRecordingFileName, reason } from '../desired/find.ts';
import { isName } from '../desired/name.ts';
import { shownPath } from '../desired/paths.ts';
import { convertStart, type ImportedIdentity } from '../import/convert.ts';
import { readStartJson, type StartJson } from '../import/start-json.ts';
import { blocksNamed, restrict, usable } from '../import/usable.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { BlockName, Mode } from '../model/recording.ts';
import { printable } from '../render/style.ts';
import { importNotes, problemText } from './import-notes.ts';
import { openForImport } from './import-state.ts';
import { flagOf, isSet, type RawOptions, readSettings } from './settings.ts';

/** Where the file is written. */
interface Target {
  /** Absolute: where it goes, or is going to be. */
  path: string;
  /** The same; undefined: standard output. */
  out: string | undefined;
  /** The file as the user would type it. */
  shown: string;
  /** The schema, from the file's folder. */
  schema: string;
}

/**
 * `reelstate import`: writes a recording file from the JSON that was given to `start`. Secrets become references;
 * what only `start` takes is told on standard error. What the JSON holds and a recording file cannot say is told, all of
 * it in one run, and its block is left out.
 * @returns 0, or 1 where something is left out because of what is wrong with it
 */
export async function importRecording(file: string, raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const flags = readFlags(raw);
  const start = readStartJson(await bytesOf(file, io), file);
  const mode = modeOf(flags, start);
  const identity = identityOf(flags, start, mode, file);
  const outName = flags.out && basename(flags.out, extname(flags.out));
  const cname = flags.cname ?? start.cname;
  const name = flags.name ?? outName ?? (isName(cname) ? cname : 'recording');
  const place = placeOf(flags.out, join(settings.dir, `${name}.yaml`), io.cwd);
  const later = { ...laterOf(name, place, io.cwd), mode };
  if (!identity && isSet('applied', raw, io))
    throw usage(
      '--applied needs --app-id, --resource-id and --sid',
      'Nothing is applied to what has not started.',
    );

  const converted = convertStart(start, identity ?? later, name);
  if (flags.only) restrict(converted, flags.only);
  const found = usable(converted, place.schema, place.shown);
  for (const problem of found.problems) await io.err(`${problemText(file, problem)}\n`);
  if (!('text' in found)) {
    await io.err('reelstate: nothing was written\n');
    return 1;
  }
  const { text, checked, spoiled, warnings } = found;
  const values = Object.fromEntries(converted.secrets.map(({ variable, value }) => [variable, value]));
  const recorded = await writeAndRecord({ text, checked, place, values, raw, state: settings.state, io });
  for (const warning of warnings) await io.err(`${problemText(file, warning)}\n`);
  await io.err(
    printLines(importNotes({ file, place: place.out && place.shown, converted, spoiled, env: io.env })),
  );
  if (recorded) await io.err(`${printable(recorded)}\n`);
  if (!flags.mode && start.mode !== mode)
    await io.err(
      `Taken for a recording in mode ${mode}: if start was called with another one, give --mode.\n`,
    );
  if (!identity) await io.err(printLines(laterNotes(later, place)));
  return found.problems.length > 0 ? 1 : 0;
}

/** Where the backend is going to write which recording it is: beside the folder of the recording files. */
function laterOf(name: string, { path }: Target, cwd: string): { fromFile: string; shown: string } {
  const run = join(cwd, 'run', `${name.replace(/[^\w.-]+/g, '-')}.json`);
  return {
    fromFile: relative(dirname(path), run).split(sep).join('/'),
    shown: shownPath(run, cwd),
  };
}

function laterNotes({ shown, mode }: { shown: string; mode: Mode }, place: Target): string[] {
  return [
    `Until ${shown} is there the recording is waiting: your backend writes appId, cname, uid, resourceId, sid and`,
    `"mode": "${mode}" into it when start has answered. Or give --app-id, --resource-id and --sid to import, and they`,
    `stand in ${place.out ? place.shown : 'the file'} itself.`,
  ];
}

function printLines(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Writes the file, and with --applied the state: both are checked first, so that a refusal leaves nothing behind. */
async function writeAndRecord(input: {
  text: string;
  checked: CheckedFile;
  place: Target;
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

async function write(text: string, { out, shown }: Target, io: Io): Promise<void> {
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

interface Flags {
  appId: string | undefined;
  resourceId: string | undefined;
  sid: string | undefined;
  mode: Mode | undefined;
  cname: string | undefined;
  uid: string | undefined;
  name: string | undefined;
  out: string | undefined;
  /** The blocks that are wanted; undefined: all. */
  only: ReadonlySet<BlockName> | undefined;
}

/** @throws Failure (64) */
function readFlags(raw: RawOptions): Flags {
  const text = (name: string) => {
    if (raw[name] === '') throw usage(`${flagOf(name)}: must not be empty`);
    return typeof raw[name] === 'string' ? (raw[name] as string) : undefined;
  };
  const mode = text('mode');
  if (mode !== undefined && !MODES.includes(mode as Mode))
    throw usage(`--mode ${JSON.stringify(mode)}: must be one of ${MODES.join(', ')}`);
  const only = text('only');
  const blocks = only === undefined ? undefined : blocksNamed(only.split(',').map((name) => name.trim()));
  if (only !== undefined && !blocks)
    throw usage(
      `--only ${JSON.stringify(only)}: must be names of blocks, with commas between them`,
      'The blocks are subscriptions, layout, onhold, rtmp and storage.',
    );
  const out = text('out');
  if (out !== undefined && !isRecordingFileName(basename(out)))
    throw usage(
      `--out ${JSON.stringify(out)}: the name must end in .yaml or .yml and must not begin with a dot`,
      'Files with other names are not read as recordings.',
    );
  return {
    ...{
      appId: text('appId'),
      resourceId: text('resourceId'),
      sid: text('sid'),
      mode: mode as Mode | undefined,
    },
    ...{ cname: text('cname'), uid: text('uid'), name: text('name'), out, only: blocks },
  };
}

/**
 * The recording's identity from the flags or the JSON; undefined where neither has anything that `start` answers.
 * @throws Failure (64) where a part of it is missing, or neither names the channel or the recording client
 */
function identityOf(flags: Flags, start: StartJson, mode: Mode, file: string): ImportedIdentity | undefined {
  const said = (name: 'appId' | 'resourceId' | 'sid') => {
    const kept = start[name];
    return flags[name] || (typeof kept === 'string' && kept !== '' ? kept : undefined);
  };
  const [appId, resourceId, sid] = [said('appId'), said('resourceId'), said('sid')];
  if ([resourceId, sid, flags.appId, flags.uid].every((given) => given === undefined)) return undefined;
  const missing = (flag: string) =>
    usage(`${flag} is missing`, 'It says which running recording the file is about.');
  if (appId === undefined) throw missing('--app-id');
  if (resourceId === undefined) throw missing('--resource-id');
  if (sid === undefined) throw missing('--sid');
  const cname = flags.cname ?? start.cname ?? undefined;
  const uid = flags.uid ?? start.uid ?? undefined;
  if (cname === undefined) throw usage(`--cname is missing: ${file} does not name the channel`);
  if (uid === undefined) throw usage(`--uid is missing: ${file} does not name the recording client`);
  return { appId, cname, uid, resourceId, sid, mode };
}

/** As the flag or the JSON says it; else web where there is its service, and mix, as in a file without a mode. */
function modeOf(flags: Flags, { mode, clientRequest }: StartJson): Mode {
  if (flags.mode) return flags.mode;
  if (MODES.includes(mode as Mode)) return mode as Mode;
  return JSON.stringify(clientRequest.extensionServiceConfig ?? '').includes('"web_recorder_service"')
    ? 'web'
    : 'mix';
}

async function bytesOf(file: string, io: Io): Promise<Uint8Array> {
  const bytes = await readFile(resolve(io.cwd, file));
  if (bytes === 'missing') throw new Failure(`${file} does not exist`);
  if (!(bytes instanceof Uint8Array)) throw new Failure(`${file} cannot be read: ${bytes.error}`);
  return bytes;
}

/** @param usual where a file that goes to standard output is going to be, relative to the working directory */
function placeOf(out: string | undefined, usual: string, cwd: string): Target {
  const path = resolve(cwd, out ?? usual);
  const schema = relative(dirname(path), join(cwd, 'schemas', 'recording.schema.json'));
  return {
    path,
    out: out === undefined ? undefined : path,
    shown: shownPath(path, cwd),
    schema: schema.split(sep).join('/'),
  };
}
