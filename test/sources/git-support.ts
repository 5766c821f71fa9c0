import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/model/ports.ts';
import { folder } from '../support/cli.ts';

/** An environment in which nothing of this machine's git settings counts. */
export const GIT_ENV: Record<string, string> = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

const PERSON = { NAME: 'Ada Lovelace', EMAIL: 'ada@example.com', DATE: '2026-01-02T03:04:05+01:00' };

/** Runs git as a person would. @returns its standard output without the line feed at its end */
export function git(cwd: string, args: readonly string[], env: Record<string, string> = {}): string {
  const who = Object.fromEntries(
    Object.entries(PERSON).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  );
  return execFileSync('git', args, {
    cwd,
    env: { ...GIT_ENV, ...who, HOME: cwd, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trimEnd();
}

/** A repository with these files committed on main. */
export async function repository(files: Record<string, string> = {}, ...init: string[]): Promise<string> {
  const path = await folder(files);
  git(path, ['init', '--quiet', '-b', 'main', ...init]);
  git(path, ['config', 'gc.auto', '0']);
  if (Object.keys(files).length > 0) commit(path, 'The first commit');
  return path;
}

/** Commits everything that is there. @returns the commit's ID */
export function commit(path: string, message: string, ...args: string[]): string {
  git(path, ['add', '--all']);
  git(path, ['commit', '--quiet', '--allow-empty', '-m', message, ...args]);
  return git(path, ['rev-parse', 'HEAD']);
}

/**
 * Serves a repository with git's own CGI program, the way a web server would.
 * @param authorized looks at the Authorization header; false asks for credentials
 * @returns the repository's address
 */
export async function serve(
  repositoryPath: string,
  authorized: (header: string | undefined) => boolean = () => true,
): Promise<string> {
  const server = createServer((request, response) => {
    if (authorized(request.headers.authorization)) backend(dirname(repositoryPath), request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/${repositoryPath.slice(dirname(repositoryPath).length + 1)}`;
}

/** One request through `git http-backend` (RFC 3875). */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      ...(request.headers['content-length'] ? { CONTENT_LENGTH: request.headers['content-length'] } : {}),
      ...(request.headers['content-encoding']
        ? { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }
        : {}),
      ...(request.headers['git-protocol'] ? { GIT_PROTOCOL: String(request.headers['git-protocol']) } : {}),
    },
  });
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(/: */, 2));
    const status = headers.find(([name]) => name?.toLowerCase() === 'status')?.[1];
    for (const [name, value] of headers)
      if (name && value && name.toLowerCase() !== 'status') response.setHeader(name, value);
    response.statusCode = Number(status?.slice(0, 3) ?? 200);
    response.end(answer.subarray(end + 4));
  });
}

/** A clock whose sleepers a test wakes by hand. */
export class SleepersClock implements Clock {
  readonly sleepers: { ms: number; wake: () => void }[] = [];
  #waiting: { ms: number; resolve: (sleeper: { ms: number; wake: () => void }) => void }[] = [];

  now(): number {
    return 0;
  }

  monotonic(): number {
    return 0;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.sleepers.splice(this.sleepers.indexOf(sleeper), 1);
        resolve();
      };
      const sleeper = { ms, wake };
      this.sleepers.push(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
      for (const one of this.#waiting.filter((each) => each.ms === ms)) one.resolve(sleeper);
      this.#waiting = this.#waiting.filter((each) => each.ms !== ms);
    });
  }

  /** The one who sleeps that long, as soon as somebody does. */
  sleeper(ms: number): Promise<{ ms: number; wake: () => void }> {
    const found = this.sleepers.find((each) => each.ms === ms);
    return found ? Promise.resolve(found) : new Promise((resolve) => this.#waiting.push({ ms, resolve }));
  }
}
