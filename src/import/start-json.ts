import { decode } from '../desired/decode.ts';
import { Failure } from '../model/failure.ts';
import { isObject } from '../model/json.ts';
import { type LeftOut, misplaced, type Note } from './section.ts';

export type JsonObject = Record<string, unknown>;

/** The JSON that `start` was given, opened as far as every recording mode has it in common. */
export interface StartJson {
  /** As they stand there; absent where only the clientRequest was kept. */
  cname?: unknown;
  uid?: unknown;
  /** What is no part of the body of `start`, but often kept beside it. */
  appId?: unknown;
  resourceId?: unknown;
  sid?: unknown;
  mode?: unknown;
  clientRequest: JsonObject;
  /** How people find the clientRequest: "clientRequest", or empty where it is the whole. */
  path: string;
  /** Beside the clientRequest, where the service does not look. */
  leftOut: LeftOut[];
  notes: Note[];
}

/** Fields of a clientRequest (Agora Cloud Recording REST, start). One of them tells it from any other JSON. */
const CLIENT_REQUEST_FIELDS = [
  'recordingConfig',
  'storageConfig',
  'extensionServiceConfig',
  'recordingFileConfig',
  'snapshotConfig',
  'transcodeOptions',
  'appsCollection',
];

/** Bytes that a file of bodies may have: 64 MiB, some ten thousand of them. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/** A body of `start`, or why it is none. */
export interface StartBody {
  /** "START.json", "bodies.json[2]" or "bodies.jsonl:7". */
  where: string;
  start: StartJson | Failure;
}

/**
 * Reads bodies of `start`, or their clientRequests alone: one, a list of them, or one a line.
 * @param file what the user calls it, for messages
 * @returns `isList`: it may hold several, even where it holds one
 * @throws Failure that says where it is no JSON; never quotes it, because it holds secrets
 */
export function readStartBodies(bytes: Uint8Array, file: string): { bodies: StartBody[]; isList: boolean } {
  const { text, problem } = decode(bytes, MAX_INPUT_BYTES);
  if (problem) throw new Failure(`${file}: ${problem.summary}`, { hint: problem.detail });
  const lines = linesOf(text, file);
  if (lines)
    return {
      bodies: lines.map(({ line, number }) => {
        const where = `${file}:${number}`;
        return { where, start: tried(() => startOf(parseLine(line, where), where)) };
      }),
      isList: true,
    };
  const value = parse(text, file);
  if (!Array.isArray(value) || value.length === 0)
    return { bodies: [{ where: file, start: startOf(value, file) }], isList: false };
  const bodies = value.map((entry, index) => {
    const where = `${file}[${index}]`;
    return { where, start: tried(() => startOf(entry, where)) };
  });
  return { bodies, isList: true };
}

/** The lines of a text with a JSON object in each: by the file's name, or because the first two are objects. */
function linesOf(text: string, file: string): { line: string; number: number }[] | undefined {
  const lines = text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '');
  const isNamed = /\.(jsonl|ndjson)$/i.test(file) && lines.length > 0;
  const first = lines.slice(0, 2).filter(({ line }) => isObject(jsonIn(line)));
  return isNamed || first.length === 2 ? lines : undefined;
}

function parseLine(line: string, where: string): unknown {
  const value = jsonIn(line);
  if (value === undefined)
    throw new Failure(`${where}: the line is no JSON`, { hint: 'Each line is a body of its own.' });
  return value;
}

function tried(read: () => StartJson): StartJson | Failure {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** @param where what the user calls it, for messages */
function startOf(value: unknown, where: string): StartJson {
  if (!isObject(value)) throw new Failure(`${where}: a JSON object is needed: the body that start was given`);
  const { beside, spelt } = besideIn(value);
  const isWritten = typeof value.clientRequest === 'string';
  const clientRequest = isWritten ? jsonIn(value.clientRequest as string) : value.clientRequest;
  if (clientRequest === undefined && CLIENT_REQUEST_FIELDS.some((field) => field in value)) {
    // What was kept of it may stand among its fields.
    const taken = new Set([...BESIDE, ...spelt.map(({ path }) => path)]);
    const rest = Object.entries(value).filter(([field]) => !taken.has(field));
    return { ...beside, clientRequest: Object.fromEntries(rest), path: '', leftOut: [], notes: spelt };
  }
  if (!isObject(clientRequest))
    throw new Failure(
      clientRequest === undefined && !isWritten
        ? `${where}: it has no clientRequest`
        : `${where}: clientRequest must be a JSON object`,
      { hint: whatItIs(value) },
    );
  const leftOut = Object.keys(value).flatMap((name): LeftOut[] => {
    const reason = misplaced(name, '');
    return reason === undefined ? [] : [{ parent: '', name, reason }];
  });
  const text = 'a text that holds JSON is taken as the object in it. Write it without quotes.';
  const notes = [...spelt, ...(isWritten ? [{ path: 'clientRequest', note: text }] : [])];
  return { ...beside, clientRequest, path: 'clientRequest', leftOut, notes };
}

/** What names the recording. Backends keep it under spellings of their own: app_id, AppID. */
const BESIDE = ['cname', 'uid', 'appId', 'resourceId', 'sid', 'mode'] as const;

function besideIn(value: JsonObject): { beside: Pick<StartJson, (typeof BESIDE)[number]>; spelt: Note[] } {
  const spelt: Note[] = [];
  const read = BESIDE.map((name): [string, unknown] => {
    if (value[name] !== undefined) return [name, value[name]];
    const near = Object.keys(value).find((other) => plain(other) === name.toLowerCase());
    if (near === undefined) return [name, undefined];
    spelt.push({ path: near, note: `is taken as ${name}` });
    return [name, value[near]];
  });
  return { beside: Object.fromEntries(read), spelt };
}

/** What a JSON is in place of the body of `start`, where that can be told, and the way out. */
function whatItIs(value: JsonObject): string {
  const needed = 'the body that start was given: {"cname": …, "uid": …, "clientRequest": {…}}.';
  if ('serverResponse' in value) return `This is what query has answered. It must be ${needed}`;
  const near = Object.keys(value).find((name) => plain(name) === 'clientrequest' && name !== 'clientRequest');
  if (near !== undefined) return `The service knows no other spelling: ${near} must be clientRequest.`;
  const holder = Object.keys(value).find((name) => isBody(value[name]));
  if (holder !== undefined)
    return `This is more than the request: write what is inside its field ${holder} to a file of its own.`;
  if ('sid' in value && 'resourceId' in value) return `This is what start has answered. It must be ${needed}`;
  return `It must be ${needed}`;
}

/** Whether something is the body of a request, or a text that holds one. */
function isBody(value: unknown): boolean {
  const inside = typeof value === 'string' ? jsonIn(value) : value;
  return isObject(inside) && 'clientRequest' in inside;
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z]/g, '').toLowerCase();
}

/** An object that was made a text before it was put into another one. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parse(text: string, file: string): unknown {
  if (text.trim() === '')
    throw new Failure(`${file} is empty`, { hint: 'The body that start was given is needed.' });
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only the place is taken from the engine's message: newer engines quote the text in it.
    const position = / position (\d+)/.exec((error as Error).message)?.[1];
    const before = text.slice(0, position === undefined ? text.trimEnd().length : Number(position));
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    throw new Failure(`${file}:${line}:${column}: the file is no JSON from here on`, {
      hint: 'Look for a missing or spare comma, quote or bracket here or just before.',
    });
  }
}
