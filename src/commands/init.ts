import { access, lstat, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { reason } from '../desired/find.ts';
import { shownPath } from '../desired/paths.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { printable } from '../render/style.ts';
import { CI_FILES, exampleText, GITIGNORE, TARBALL } from './init-files.ts';
import { schemaText } from './schema.ts';
import { choice, type RawOptions, readFlags, textOf } from './settings.ts';
import { writeNewFile } from './write-file.ts';

type Ci = keyof typeof CI_FILES | 'none';

/** A file that is to be written, with its path from the new folder. */
interface NewFile {
  path: string;
  text: string;
}

/** Where the schema lies, from the new folder. */
const SCHEMA = 'schemas/recording.schema.json';

/**
 * `reelstate init`: makes a folder with an example, the schema for editors, a .gitignore and a CI file. All of it or
 * nothing: what is there already is never written over.
 * @param folder left out: the working directory
 * @throws Failure that names what is in the way
 */
export async function init(folder: string | undefined, raw: RawOptions, io: Io): Promise<number> {
  const { output } = readFlags(raw, io);
  if (raw.dir !== undefined)
    throw usage(
      '--dir does not go with init',
      'The files are written to DIR/recordings: reelstate init DIR.',
    );
  if (folder === '') throw usage('the folder must not be empty');
  const ci = choice('ci', raw, io, ['github', 'gitlab', 'none'], 'github');
  const root = resolve(io.cwd, folder ?? '.');
  const files = filesOf(schemaOf(raw, io), ci);
  const inTheWay = await existing(root, files);
  if (inTheWay.length > 0)
    throw new Failure(
      `already there, and left as it is: ${inTheWay.map((path) => shownPath(join(root, path), io.cwd)).join(', ')}`,
      {
        hint: 'Nothing was written. Name another folder, reelstate init DIR, or move them away first.',
      },
    );
  await writeAll(root, files, io);
  const written = files.map(({ path }) => shownPath(join(root, path), io.cwd));
  await io.out(
    output === 'json'
      ? `${JSON.stringify({ format_version: '1.0', written }, null, 2)}\n`
      : `Written:\n${written.map((path) => `  ${printable(path)}\n`).join('')}`,
  );
  for (const line of [...nextSteps(root, io), ...(await ciSteps(root, ci))])
    await io.err(`${printable(line)}\n`);
  return 0;
}

/** What `--schema` says: "local", or an address that an editor can read. @throws Failure (64) */
function schemaOf(raw: RawOptions, io: Io): string {
  const text = textOf('schema', raw, io) ?? 'local';
  if (text === 'local') return text;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/\s/.test(text)) return text;
  throw usage(
    `--schema ${JSON.stringify(text)}: must be local, or the address of a schema that editors can read (https://…)`,
    'local copies the schema into the folder, and needs no network.',
  );
}

function filesOf(schema: string, ci: Ci): NewFile[] {
  const isLocal = schema === 'local';
  return [
    { path: 'recordings/example.yaml', text: exampleText(isLocal ? `../${SCHEMA}` : schema) },
    ...(isLocal ? [{ path: SCHEMA, text: schemaText() }] : []),
    { path: '.gitignore', text: GITIGNORE },
    ...(ci === 'none' ? [] : [CI_FILES[ci]]),
  ];
}

/** What stands where a file is to be; links that lead nowhere, too. A file in the place of a folder is found later. */
async function existing(root: string, files: readonly NewFile[]): Promise<string[]> {
  const found = await Promise.all(
    files.map(({ path }) =>
      lstat(join(root, path)).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}

/** Writes all of them. Where one cannot be written, takes back what was. */
async function writeAll(root: string, files: readonly NewFile[], io: Io): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  for (const { path, text } of files) {
    const target = join(root, path);
    try {
      await makeFolder(dirname(target), undo);
      await writeNewFile(target, text);
      undo.push(() => rm(target));
    } catch (error) {
      for (const step of undo.reverse()) await step().catch(() => {});
      throw new Failure(`${shownPath(target, io.cwd)} cannot be written: ${reasonOf(error)}`, {
        hint: 'Nothing was written.',
        cause: error,
      });
    }
  }
}

async function makeFolder(path: string, undo: (() => Promise<void>)[]): Promise<void> {
  try {
    await mkdir(path);
    undo.push(() => rmdir(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return;
    if (!(code === 'ENOENT' || code === 'ENOTDIR') || dirname(path) === path) throw error;
    await makeFolder(dirname(path), undo);
    await makeFolder(path, undo);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** The same as `reason`, where a folder was to be made. */
function reasonOf(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || code === 'ENOTDIR' ? `${basename(path ?? '')} is no folder` : reason(error);
}

function nextSteps(root: string, io: Io): string[] {
  const way = shownPath(root, io.cwd);
  return [
    '',
    'Next:',
    ...(root === resolve(io.cwd)
      ? []
      : [`  cd ${/^[\w./-]+$/.test(way) ? way : `'${way.replaceAll("'", "'\\''")}'`}`]),
    '  reelstate validate     checks the files',
    '  reelstate preview      draws the layout',
    '  reelstate plan         shows what apply would send: the example waits for run/example.json',
    'For a recording that runs, write its appId, cname, uid, resourceId and sid to run/example.json, set',
    'AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET, and: reelstate apply',
    'Several Agora accounts? A settings file reelstate.yaml, beside recordings/, lists them with their App IDs:',
    'reelstate schema --settings prints what it may hold, and the page "Several accounts" (src/docs/accounts.md) has one.',
  ];
}

/** What the CI file needs. */
async function ciSteps(root: string, ci: Ci): Promise<string[]> {
  if (ci === 'none') return [];
  const { path } = CI_FILES[ci];
  const top = await repositoryOf(root);
  return [
    `${path} installs reelstate from ${TARBALL}: run npm pack in the checkout of reelstate, and keep the file there.`,
    ...(top === undefined || top === root
      ? []
      : [
          `It is read only at the top of the repository: move it there, with ${relative(top, root)}/ before its paths and --dir ${relative(top, root)}/recordings.`,
        ]),
  ];
}

/** The folder around this one, or itself, that is a repository of git. */
async function repositoryOf(folder: string): Promise<string | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    const isTop = await access(join(path, '.git')).then(
      () => true,
      () => false,
    );
    if (isTop) return path;
    if (dirname(path) === path) return undefined;
  }
}
