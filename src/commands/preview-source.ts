import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Bounds, Reach } from '../desired/bounds.ts';
import { decode } from '../desired/decode.ts';
import { onDisk, readFile } from '../desired/disk.ts';
import { Findings } from '../desired/findings.ts';
import { Intake } from '../desired/intake.ts';
import { loadRecordings } from '../desired/load.ts';
import { parse } from '../desired/parse.ts';
import { shownPath } from '../desired/paths.ts';
import { reading } from '../desired/reading.ts';
import { SourceText } from '../desired/source-text.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { usage } from '../model/failure.ts';
import { isObject } from '../model/json.ts';
import { isSelected, type Selector } from '../model/labels.ts';
import type { Io } from '../model/ports.ts';
import type { Canvas, DesiredRecording, DesiredSet, Labels, Layout, SeatNames } from '../model/recording.ts';
import { draftLayout } from '../render/picture/draft.ts';
import { Vault } from '../secrets/vault.ts';
import { isSide } from './canvas.ts';
import { checkNames } from './settings.ts';

/** A layout to draw, as the file has it. */
export interface PreviewSubject {
  name: string;
  file: string;
  layout: Layout;
  labels: Labels | undefined;
  seats?: SeatNames;
  canvas: Canvas | undefined;
  /** From a document that is refused: what could be read of it. */
  draft: boolean;
}

export interface PreviewSubjects {
  subjects: PreviewSubject[];
  /** Recordings without a mixed layout, with the reason. */
  omitted: { name: string; labels: Labels | undefined; why: string }[];
  /** Of the files that are drawn from. */
  diagnostics: Diagnostic[];
}

/** What files may name, by the folder that they are in. */
export type BoundsFor = (dir: string) => Bounds;

/**
 * Finds what the command line asks for. An argument is a file when it looks like one or names one, else it is
 * the name of a recording in `dir`. Without any, all that there are. Of a file with a layout that recordings share, the
 * seats are drawn by their names.
 * @param selectors must hold besides
 * @throws Failure (64) for a file or a name that does not exist
 */
export async function findSubjects(
  targets: readonly string[],
  dir: string,
  selectors: readonly Selector[],
  boundsFor: BoundsFor,
  io: Io,
): Promise<PreviewSubjects> {
  const kinds = await Promise.all(targets.map((target) => isFile(target, io.cwd)));
  const files = targets.filter((_, index) => kinds[index] !== undefined);
  for (const [index, target] of targets.entries())
    if (kinds[index] === 'missing') throw usage(`there is no file ${JSON.stringify(target)}`);
  const names = targets.filter((_, index) => kinds[index] === undefined);
  const parts: PreviewSubjects[] = [];
  const { layouts, others } = await sorted(files, io);
  parts.push(...layouts);
  if (others.length > 0) parts.push(await fromSet(await loadFiles(others, boundsFor, io), io));
  if (names.length > 0 || files.length === 0) {
    const bounds = boundsFor(dir);
    const whole = await fromSet(await loadRecordings({ dir, bounds, ...surroundings(io) }), io, bounds.links);
    parts.push(names.length === 0 ? whole : chosen(whole, names));
  }
  const isChosen = ({ labels }: Pick<PreviewSubject, 'labels'>) => isSelected(labels, selectors);
  return {
    subjects: parts.flatMap(({ subjects }) => subjects).filter(isChosen),
    omitted: parts.flatMap(({ omitted }) => omitted).filter(isChosen),
    diagnostics: parts.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** "present" or "missing" for an argument that means a file, undefined for a name. */
async function isFile(target: string, cwd: string): Promise<'present' | 'missing' | undefined> {
  const present = await stat(resolve(cwd, target)).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (present) return 'present';
  return /[/\\]|\.ya?ml$/i.test(target) ? 'missing' : undefined;
}

function surroundings(io: Io) {
  // Nothing that is sealed here outlives the command, so any key serves.
  return { cwd: io.cwd, env: io.env, vault: new Vault(randomBytes(32)) };
}

/** Files with a layout that recordings share, and the others. */
async function sorted(
  files: readonly string[],
  io: Io,
): Promise<{ layouts: PreviewSubjects[]; others: string[] }> {
  const { fieldsOf, isOfBlock, readLayoutFile } = await reading();
  const layouts: PreviewSubjects[] = [];
  const others: string[] = [];
  for (const target of new Set(files)) {
    const path = resolve(io.cwd, target);
    const bytes = await readFile(path);
    const fields = bytes instanceof Uint8Array ? fieldsOf(bytes) : undefined;
    if (!(bytes instanceof Uint8Array) || !isOfBlock(fields, 'layout')) {
      others.push(target);
      continue;
    }
    const file = shownPath(path, io.cwd);
    const { layout: read, diagnostics } = readLayoutFile({ bytes, file, isQuoted: true });
    const isDraft = diagnostics.some(({ severity }) => severity === 'error');
    const layout = isDraft ? draftLayout(fields) : read?.layout;
    const { seats } = isDraft ? {} : (read ?? {});
    const subject = layout && {
      ...{ name: file, file, labels: undefined, canvas: undefined, layout, draft: isDraft },
      ...(seats ? { seats } : {}),
    };
    layouts.push({ subjects: subject ? [subject] : [], omitted: [], diagnostics });
  }
  return { layouts, others };
}

/** Files that the command line names may be anywhere, and what they name counts from where they are. */
async function loadFiles(files: readonly string[], boundsFor: BoundsFor, io: Io): Promise<DesiredSet> {
  const paths = new Map(
    files.map((file) => [shownPath(resolve(io.cwd, file), io.cwd), resolve(io.cwd, file)]),
  );
  const intake = new Intake();
  const changes = intake.begin();
  for (const [shown, path] of paths) await changes.put(shown, await readFile(path));
  const around = (shown: string) => {
    const bounds = boundsFor(dirname(paths.get(shown) as string));
    return { ...surroundings(io), bounds, ...onDisk(bounds) };
  };
  const search = { diagnostics: [], broken: [], files: paths.size };
  return (await intake.refresh(changes, search, around)).set;
}

/** @param reach where a broken file may be; left out, anywhere */
async function fromSet(
  { recordings, diagnostics, broken }: DesiredSet,
  io: Io,
  reach?: Reach,
): Promise<PreviewSubjects> {
  const looks = recordings.map((recording) => ({ recording, why: whyNot(recording) }));
  const known = new Set(recordings.map(({ name, file }) => `${file}\n${name}`));
  const drafts = await Promise.all(broken.map((file) => draftsOf(file, io, reach)));
  return {
    subjects: [
      ...looks
        .filter(({ why }) => why === undefined)
        .map(({ recording: { name, file, blocks, labels, canvas } }) => {
          const { layout = {}, seats } = blocks();
          return { ...{ name, file, labels, canvas, layout, draft: false }, ...(seats ? { seats } : {}) };
        }),
      ...drafts.flat().filter(({ name, file }) => !known.has(`${file}\n${name}`)),
    ].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))),
    omitted: looks.flatMap(({ recording: { name, labels }, why }) =>
      why === undefined ? [] : [{ name, labels, why }],
    ),
    diagnostics,
  };
}

/** Why a recording cannot be drawn; undefined where it can. */
function whyNot({ identity, blocks, waitingFor }: DesiredRecording): string | undefined {
  if (blocks().layout) return undefined;
  if (!identity) return `it waits for ${waitingFor ?? 'its identity'} and has no layout block`;
  return identity.mode === 'mix' ? undefined : `mode ${identity.mode} has no mixed layout`;
}

/** The layouts of a file's documents, whether or not they are refused; none where the file cannot be read. */
async function draftsOf(file: string, io: Io, reach?: Reach): Promise<PreviewSubject[]> {
  const bytes = await readFile(resolve(io.cwd, file), false, reach);
  if (!(bytes instanceof Uint8Array)) return [];
  const { text, problem } = decode(bytes);
  if (problem) return [];
  const { documents } = parse(new Findings(new SourceText(file, text)));
  return documents.flatMap(({ document, sound }): PreviewSubject[] => {
    const value = sound ? plainValue(() => document.toJS({ maxAliasCount: 100 })) : undefined;
    // What is in another file, that has the mistake, is not drawn in part.
    const layout = takesFromFile(value?.layout) ? undefined : draftLayout(value?.layout);
    if (!layout) return [];
    const name = typeof value?.name === 'string' ? value.name : basename(file).replace(/\.ya?ml$/i, '');
    const [labels, canvas] = [draftLabels(value?.labels), draftCanvas(value?.canvas)];
    return [{ name, file, layout, labels, canvas, draft: true }];
  });
}

/** What can be read of the labels of a document that is refused. */
function draftLabels(written: unknown): Labels | undefined {
  if (!isObject(written)) return undefined;
  return Object.fromEntries(
    Object.entries(written).filter((label): label is [string, string] => typeof label[1] === 'string'),
  );
}

function takesFromFile(block: unknown): boolean {
  return isObject(block) && block.fromFile !== undefined;
}

/** The canvas of a document that is refused, where it can be drawn on. */
function draftCanvas(written: unknown): Canvas | undefined {
  if (!isObject(written)) return undefined;
  const { width, height } = written;
  return isSide(width) && isSide(height) ? { width, height } : undefined;
}

/** Aliases that multiply without end make the library throw. */
function plainValue(read: () => unknown): Record<string, unknown> | undefined {
  try {
    const value = read();
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function chosen(
  { subjects, omitted, diagnostics }: PreviewSubjects,
  names: readonly string[],
): PreviewSubjects {
  const available = [...subjects, ...omitted].map(({ name }) => name);
  // A name that a broken file would have given is no mistake of the command line.
  const wrong = diagnostics.some(({ severity }) => severity === 'error');
  const missing = names.some((name) => !available.includes(name));
  if (missing && !wrong) checkNames(names, available);
  const drawn = subjects.filter(({ name }) => names.includes(name));
  const files = new Set(drawn.map(({ file }) => file));
  return {
    subjects: drawn,
    omitted: omitted.filter(({ name }) => names.includes(name)),
    diagnostics: missing
      ? diagnostics
      : diagnostics.filter(
          ({ range, uses = [] }) =>
            files.has(range.filename) || uses.some(({ filename }) => files.has(filename)),
        ),
  };
}
