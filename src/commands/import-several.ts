import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { shownPath } from '../desired/paths.ts';
import type { Told } from '../import/check.ts';
import { type SharedFile, shareBlocks } from '../import/share.ts';
import { recordingFileText } from '../import/text.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { count, printable } from '../render/style.ts';
import { type Draft, draftsOf } from './import-draft.ts';
import type { ImportFlags } from './import-flags.ts';
import type { ImportInput } from './import-input.ts';
import { importNotes, problemText } from './import-notes.ts';
import { writeNew } from './import-place.ts';
import { openForImport } from './import-state.ts';
import { flagOf, isSet, type RawOptions, readFlags, readSettings, type Settings } from './settings.ts';

/** Flags about one recording alone. */
const OF_ONE = ['resourceId', 'sid', 'cname', 'uid', 'name'] as const;

/** Files named before the rest is only counted. */
const NAMED = 10;

/**
 * Several bodies of `start` to a folder of recording files. Each is called after its channel; none is written over.
 * With --share equal blocks are written once, to files beside the folder.
 * @returns 0, or 1 where something is left out because of what is wrong with it
 */
export async function importSeveral(
  { bodies, called }: ImportInput,
  folder: string,
  flags: ImportFlags,
  raw: RawOptions,
  io: Io,
): Promise<number> {
  for (const flag of OF_ONE)
    if (flags[flag] !== undefined)
      throw usage(
        `${flagOf(flag)} is about one recording`,
        'Of several each body says it itself: cname, uid, resourceId and sid beside clientRequest.',
      );
  const { drafts, isIncomplete } = await draftsOf(bodies, folder, flags, raw, io);
  if (drafts.length === 0) {
    await io.err('reelstate: nothing was written\n');
    return 1;
  }
  const root = rootOf(folder, readFlags(raw, io).dir, io.cwd);
  const shared = isSet('share', raw, io) ? await share(drafts, folder, root, io) : [];
  const settings = isSet('applied', raw, io) ? await readSettings(raw, io) : undefined;
  const written: Draft[] = [];
  for (const draft of drafts)
    try {
      await write(draft, settings, io);
      written.push(draft);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const hint = error.hint === undefined ? '' : `  ${printable(error.hint)}\n`;
      await io.err(`${printable(`${draft.where}: ${error.message}`)}\n${hint}`);
    }
  await tell(written, shared, { folder, root, called }, raw, io);
  return isIncomplete || written.length < drafts.length ? 1 : 0;
}

/** The folder that what is shared stands in: beside the one that is read for recordings, never within it. */
function rootOf(folder: string, dir: string, cwd: string): string {
  const [files, all] = [resolve(cwd, folder), resolve(cwd, dir)];
  return dirname(files.startsWith(`${all}${sep}`) ? all : files);
}

/** Writes what is shared first: a recording must not name what is not there. */
async function share(drafts: readonly Draft[], folder: string, root: string, io: Io): Promise<SharedFile[]> {
  const existing = new Map<string, string>();
  for (const name of ['shared', 'layouts']) {
    const files = await readdir(join(root, name)).catch(() => []);
    for (const file of files)
      existing.set(`${name}/${file}`, await readFile(join(root, name, file), 'utf8').catch(() => ''));
  }
  const files = shareBlocks(
    drafts.map(({ converted }) => converted.document),
    relative(resolve(io.cwd, folder), root).split(sep).join('/'),
    existing,
  );
  for (const { path, text, isThere } of files)
    if (!isThere)
      await writeNew(text, { path: join(root, path), shown: shownPath(join(root, path), io.cwd) });
  return files;
}

/** @param settings where it is to be recorded as applied */
async function write(
  { place, converted, found }: Draft,
  settings: Settings | undefined,
  io: Io,
): Promise<void> {
  // With shared blocks the document is another one than the one that was checked, and means the same.
  const text = recordingFileText(converted.document, place.schema);
  if (!settings) return writeNew(text, place);
  const values = Object.fromEntries(converted.secrets.map(({ variable, value }) => [variable, value]));
  const record = await openForImport(settings, found.checked, values, io);
  try {
    await writeNew(text, place);
    await record.commit();
  } finally {
    await record.close();
  }
}

/** The end: what was written, and what a person should know, each thing once for all files. */
async function tell(
  written: readonly Draft[],
  shared: readonly SharedFile[],
  { folder, root, called }: { folder: string; root: string; called: string },
  raw: RawOptions,
  io: Io,
): Promise<void> {
  const files = written.map(({ place }) => place.shown);
  const all = written.map(({ converted }) => converted);
  const lines = [
    ...written.flatMap(({ where, found: { spoiled } }) =>
      spoiled.length > 0
        ? [
            `${where}: not in its file, because of what is wrong with it: ${spoiled.join(', ')}. What start did stays.`,
          ]
        : [],
    ),
    ...importNotes({
      ...{ file: called, spoiled: [], env: io.env },
      written: files.length > NAMED ? [`${count(files.length, 'file')} in ${folder}`] : files,
      secrets: unique(
        written.flatMap(({ where, converted: { secrets } }) =>
          secrets.map((secret) => ({ ...secret, path: `${where}: ${secret.path}` })),
        ),
        ({ variable }) => variable,
      ),
      leftOut: unique(
        all.flatMap(({ leftOut }) => leftOut),
        ({ parent, name }) => `${parent}.${name}`,
      ),
      notes: unique(
        all.flatMap(({ notes }) => notes),
        ({ path, note }) => `${path} ${note}`,
      ),
    }),
    ...shared.map(
      ({ path, recordings, isThere }) =>
        `${isThere ? 'Taken as it was' : 'Written'}: ${shownPath(join(root, path), io.cwd)}, shared by ${count(recordings, 'recording')}`,
    ),
    ...sums(written, isSet('applied', raw, io)),
  ];
  for (const warning of warningsOf(written)) await io.err(`${warning}\n`);
  for (const line of lines) await io.err(`${printable(line)}\n`);
}

/** The warnings, the same about several recordings once. */
function warningsOf(written: readonly Draft[]): string[] {
  const groups = new Map<string, { first: string; warning: Told; recordings: number }>();
  for (const { where, found } of written)
    for (const warning of found.warnings) {
      const key = `${warning.path} ${warning.summary}`;
      const group = groups.get(key) ?? { first: where, warning, recordings: 0 };
      groups.set(key, { ...group, recordings: group.recordings + 1 });
    }
  return [...groups.values()].map(({ first, warning, recordings }) =>
    problemText(recordings > 1 ? `${first} and ${recordings - 1} more` : first, warning),
  );
}

/** What holds of so many recordings. */
function sums(written: readonly Draft[], isApplied: boolean): string[] {
  const lines: string[] = [];
  if (isApplied && written.length > 0)
    lines.push(
      `Recorded as applied: ${count(written.length, 'recording')}. The next plan is empty while the secrets are the same.`,
    );
  const assumed = written.filter(({ isModeAssumed }) => isModeAssumed).map(({ mode }) => mode);
  for (const mode of new Set(assumed))
    lines.push(
      `Taken for mode ${mode}: ${count(assumed.filter((one) => one === mode).length, 'recording')}. If start was called with another one, give --mode.`,
    );
  const waiting = written.filter(({ identity }) => identity === undefined).length;
  if (waiting > 0)
    lines.push(
      `Waiting for run/NAME.json: ${count(waiting, 'recording')}. Your backend writes appId, cname, uid, resourceId, sid and mode into it`,
      'when start has answered. Or keep appId, resourceId and sid in the JSON, beside clientRequest.',
    );
  return lines;
}

function unique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const found = new Map<string, T>();
  for (const item of items) if (!found.has(keyOf(item))) found.set(keyOf(item), item);
  return [...found.values()];
}
