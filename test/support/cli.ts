import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** The built command. */
export const CLI = join(import.meta.dirname, '../../dist/cli.js');

/** The Node that runs it: another one where NODE_UNDER_TEST names its binary. */
export const NODE = process.env.NODE_UNDER_TEST ?? process.execPath;

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export const CREDENTIALS = { AGORA_CUSTOMER_ID: 'customer', AGORA_CUSTOMER_SECRET: 'customer-secret' };

export interface Started {
  child: ChildProcess;
  done: Promise<Ran>;
  /** Resolves when standard output (or error) has shown what is looked for. */
  shows(pattern: RegExp, where?: 'stdout' | 'stderr'): Promise<string>;
}

const folders: string[] = [];
const children = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** What a test has started or written ends with it, also where it fails before it sees to that itself. */
export function whenTestEnds(act: () => void | Promise<void>): void {
  try {
    onTestFinished(act);
  } catch {
    // Made for several tests: it is there until the end.
  }
}

/** All that the files of the state in a folder say, to look for a word in. */
export async function stateWords(cwd: string): Promise<string> {
  const names = await readdir(join(cwd, '.reelstate')).catch(() => []);
  const files = names.filter((name) => name.startsWith('state.db'));
  const texts = await Promise.all(files.map((name) => readFile(join(cwd, '.reelstate', name), 'latin1')));
  return texts.join('\n');
}

/** The service that a folder's recordings run at, where it has a simulated one: a state is bound to it. */
const services = new Map<string, string>();

/** Where the commands of a folder send, unless they are told otherwise. */
export function endpointOf(cwd: string): Record<string, string> {
  const url = services.get(cwd);
  return url === undefined ? {} : { REELSTATE_ENDPOINT: url };
}

/** A folder's service that is no simulator. @returns its address */
export function serves(cwd: string, url: string): string {
  services.set(cwd, url);
  return url;
}

/** A folder of its own with these files in it. */
export async function folder(files: Record<string, string> = {}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'reelstate-'));
  folders.push(path);
  whenTestEnds(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  await put(path, files);
  return path;
}

export async function put(path: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
}

/**
 * Starts the built command (or `cli`), with nothing of this environment but what finds Node. There is no terminal to ask on, so
 * apply sends, as in a pipeline that says so once.
 */
export function start(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; input?: string; cli?: string },
): Started {
  const child = spawn(NODE, [options.cli ?? CLI, ...args], {
    cwd: options.cwd,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: options.cwd,
      ...CREDENTIALS,
      REELSTATE_YES: '1',
      ...endpointOf(options.cwd),
      ...options.env,
    },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  whenTestEnds(() => void child.kill('SIGKILL'));
  const ran: Ran = { code: null, signal: null, stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      ran[name] += text;
      for (const look of waiting) look();
    });
  if (options.input !== undefined) child.stdin?.end(options.input);
  const done = new Promise<Ran>((resolve) => {
    child.on('close', (code, signal) => {
      children.delete(child);
      Object.assign(ran, { code, signal });
      resolve(ran);
      for (const look of waiting) look();
    });
  });
  return {
    child,
    done,
    shows: (pattern, where = 'stdout') =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(ran[where]);
          if (!match && ran.code === null && ran.signal === null) return;
          waiting.delete(look);
          if (match) resolve(match[0]);
          else reject(new Error(`ended without showing ${pattern}:\n${ran.stdout}\n${ran.stderr}`));
        };
        waiting.add(look);
        look();
      }),
  };
}

export async function run(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; input?: string; cli?: string },
): Promise<Ran> {
  return start(args, options).done;
}

/** A running `reelstate simulate`, in the folder whose recordings it shall know. */
export async function simulator(cwd: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const started = start(['simulate', '--listen', '127.0.0.1:0', '--recordings', 'recordings', ...args], {
    cwd,
    env,
  });
  const url = serves(cwd, await started.shows(/http:\/\/127\.0\.0\.1:\d+/));
  return {
    ...controls(url),
    pid: started.child.pid as number,
    async stop() {
      started.child.kill('SIGTERM');
      return started.done;
    },
  };
}

/** What a running simulator tells of itself. */
export function controls(url: string) {
  const json = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    url,
    json,
    recordings: async () => (await json('/_sim/recordings?secrets=1')) as Record<string, never>[],
    requests: async () => (await json('/_sim/requests?secrets=1')) as SimulatedRequest[],
    violations: async () => json('/_sim/violations'),
  };
}

export interface SimulatedRequest {
  n: number;
  at: number;
  mono: number;
  method: string;
  path: string;
  sid: string | null;
  endpoint: string | null;
  status: number | null;
  body: { cname: string; uid: string; clientRequest: Record<string, never> };
}

/** A recording file for a mix recording, with blocks as given. */
export function recording(
  n: number | string,
  blocks = 'layout: { mixedVideoLayout: bestFit }\n',
  mode = 'mix',
): string {
  return `recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: channel-${n}
  uid: "527841"
  resourceId: resource-${n}
  sid: ${sid(n)}
  mode: ${mode}
${blocks}`;
}

export function sid(n: number | string): string {
  return `sid-${n}`;
}
