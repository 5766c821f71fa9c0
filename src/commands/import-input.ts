import { readFile as readAll, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readFile } from '../desired/disk.ts';
import { MAX_INPUT_BYTES, readStartBodies, type StartBody } from '../import/start-json.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';

/** The bodies of `start` that the command line names. */
export interface ImportInput {
  bodies: StartBody[];
  /** There may be several: a list, a folder, lines, or several files. */
  isList: boolean;
  /** How all of them are called: the only file, or "the JSON". */
  called: string;
}

/** The names of files that are taken out of a folder. */
const ENDING = /\.(json|jsonl|ndjson)$/i;

/**
 * Reads files, folders (every .json, .jsonl and .ndjson below them) and standard input ("-").
 * @throws Failure where the only file cannot be read; of several each that cannot is told with the others' mistakes
 */
export async function readInput(names: readonly string[], io: Io): Promise<ImportInput> {
  const files: string[] = [];
  let isList = names.length > 1;
  for (const name of names) {
    const found = name === '-' ? undefined : await filesIn(name, io);
    files.push(...(found ?? [name]));
    isList ||= found !== undefined;
  }
  const bodies: StartBody[] = [];
  for (const file of files) {
    const called = file === '-' ? 'standard input' : file;
    try {
      const read = readStartBodies(await bytesOf(file, io), called);
      isList ||= read.isList;
      bodies.push(...read.bodies);
    } catch (error) {
      if (!isList || !(error instanceof Failure)) throw error;
      bodies.push({ where: called, start: error });
    }
  }
  const [only, second] = files;
  return {
    bodies,
    isList,
    called: only === undefined || second ? 'the JSON' : only === '-' ? 'standard input' : only,
  };
}

/** The files below a folder, in the order of their names; undefined for what is no folder. */
async function filesIn(name: string, io: Io): Promise<string[] | undefined> {
  const path = resolve(io.cwd, name);
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return undefined;
  const entries = await readdir(path, { recursive: true });
  const files = entries.filter((entry) => ENDING.test(entry) && !/(^|[/\\])\./.test(entry)).sort();
  if (files.length === 0)
    throw new Failure(`${name} holds no bodies of start`, {
      hint: 'Files whose names end in .json, .jsonl or .ndjson are taken out of a folder.',
    });
  return files.map((file) => join(name, file));
}

async function bytesOf(file: string, io: Io): Promise<Uint8Array> {
  if (file === '-') return io.input();
  const path = resolve(io.cwd, file);
  const bytes = await readFile(path);
  if (bytes === 'missing') throw new Failure(`${file} does not exist`);
  if (bytes instanceof Uint8Array) return bytes;
  // A list of bodies may be longer than a recording file.
  if (bytes.tooLarge && (await stat(path)).size <= MAX_INPUT_BYTES) return readAll(path);
  throw new Failure(`${file} cannot be read: ${bytes.error}`);
}
