import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import type { CheckedFile } from '../desired/checked.ts';
import { isRecordingFileName } from '../desired/find.ts';
import { isName } from '../desired/name.ts';
import { convertStart } from '../import/convert.ts';
import type { StartBody } from '../import/start-json.ts';
import { restrict, usable } from '../import/usable.ts';
import { Variables } from '../import/variable.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Mode } from '../model/recording.ts';
import { printable } from '../render/style.ts';
import { type ImportFlags, identityOf, modeOf, readImportFlags } from './import-flags.ts';
import { type ImportInput, readInput } from './import-input.ts';
import { importNotes, problemText } from './import-notes.ts';
import { isThere, laterOf, overwriting, placeOf, type Target, writeTo } from './import-place.ts';
import { importSeveral } from './import-several.ts';
import { openForImport } from './import-state.ts';
import { shownState } from './open-state.ts';
import { isSet, type RawOptions, readFlags, readSettings, type Settings } from './settings.ts';

/**
 * `reelstate import`: writes recording files from the JSON that was given to `start`. Secrets become references; what
 * only `start` takes is told on standard error. What the JSON holds and a recording file cannot say is told, all of it in
 * one run, and its block is left out.
 * @param names files, folders, or "-" for standard input
 * @returns 0, or 1 where something is left out because of what is wrong with it
 */
export async function importRecordings(names: string[], raw: RawOptions, io: Io): Promise<number> {
  readFlags(raw, io);
  const flags = readImportFlags(raw);
  const input = await readInput(names, io);
  const folder = await folderOf(input, flags, raw, io);
  if (folder !== undefined) return importSeveral(input, folder, flags, raw, io);
  return importOne(input.bodies[0] as StartBody, flags, raw, io);
}

/**
 * The folder that files are written to; undefined where one body becomes one file.
 * @throws Failure (64) where --out is not what the JSON needs
 */
async function folderOf(
  { bodies, isList }: ImportInput,
  { out }: ImportFlags,
  raw: RawOptions,
  io: Io,
): Promise<string | undefined> {
  const isFile = out !== undefined && isRecordingFileName(basename(out));
  const share = isSet('share', raw, io);
  if (bodies.length === 1 && !share && (out === undefined || isFile)) return undefined;
  if (out === undefined || isFile)
    throw usage(
      `--out must name a folder for ${share ? '--share' : `the files of ${bodies.length} recordings`}`,
      'Such as --out recordings: each file in it is called after its channel.',
    );
  const isFolder = isList || share || /[/\\]$/.test(out) || (await isDirectory(resolve(io.cwd, out)));
  if (isFolder) return out;
  throw usage(
    `--out ${JSON.stringify(out)}: the name must end in .yaml or .yml and must not begin with a dot`,
    'Files with other names are not read as recordings. A folder that is not there yet is named with a slash at its end.',
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** One body to one file, or to standard output. */
async function importOne(
  { where: file, start }: StartBody,
  flags: ImportFlags,
  raw: RawOptions,
  io: Io,
): Promise<number> {
  if (start instanceof Failure) throw start;
  const settings = await readSettings(raw, io);
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

  const converted = convertStart(start, identity ?? later, name, new Variables());
  if (flags.only) restrict(converted, flags.only);
  const found = usable(converted, place.schema, place.shown);
  for (const problem of found.problems) await io.err(`${problemText(file, problem)}\n`);
  if (!('text' in found)) {
    await io.err('reelstate: nothing was written\n');
    return 1;
  }
  const { text, checked, spoiled, warnings } = found;
  const values = Object.fromEntries(converted.secrets.map(({ variable, value }) => [variable, value]));
  const recorded = await writeAndRecord({ text, checked, place, values, raw, settings, io });
  for (const warning of warnings) await io.err(`${problemText(file, warning)}\n`);
  const written = place.out ? [place.shown] : [];
  await io.err(printLines(importNotes({ file, written, ...converted, spoiled, env: io.env })));
  if (recorded) await io.err(`${printable(recorded)}\n`);
  if (!flags.mode && start.mode !== mode)
    await io.err(
      `Taken for a recording in mode ${mode}: if start was called with another one, give --mode.\n`,
    );
  if (!identity) await io.err(printLines(laterNotes(later, place)));
  return found.problems.length > 0 ? 1 : 0;
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
  settings: Settings;
  io: Io;
}): Promise<string | undefined> {
  const { text, checked, place, values, raw, settings, io } = input;
  if (place.out && (await isThere(place.out))) throw overwriting(place.shown);
  if (!isSet('applied', raw, io)) {
    await writeTo(place, text, io);
    return undefined;
  }
  const record = await openForImport(settings, checked, values, io);
  try {
    await writeTo(place, text, io);
    const endpoints = await record.commit();
    return endpoints.length === 0
      ? 'Nothing to record as applied: the JSON sets nothing that update or updateLayout can change.'
      : `Recorded as applied in ${shownState(settings, io.cwd)}: ${endpoints.join(' and ')}. The next plan is empty while the secrets are the same.`;
  } finally {
    await record.close();
  }
}
