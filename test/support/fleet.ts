import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folder, recording, type SimulatedRequest, type Started, simulator, start } from './cli.ts';
import { until } from './watching.ts';

/*
 * Several daemons of one database, a service, and the same files for all of them. Every edit gives every recording one
 * version, which is seen in what arrives.
 */

/** The allowance of the account, in requests a second. */
export const RATE = 10;

export interface Member extends Started {
  /** Where it listens. */
  url: string;
}

export interface Judgement {
  requests: number;
  /** The most that arrived within any second. */
  most: number;
  /** Calls with an older version than one that had arrived before for the same recording. */
  outdated: number;
  /** Share of the allowance, over the stretches of 5 s in which something was always waiting. */
  used: number;
}

export class Fleet {
  readonly cwd: string;
  readonly sim: Awaited<ReturnType<typeof simulator>>;
  readonly #recordings: number;
  #version = 0;

  private constructor(cwd: string, sim: Awaited<ReturnType<typeof simulator>>, recordings: number) {
    this.cwd = cwd;
    this.sim = sim;
    this.#recordings = recordings;
  }

  static async open(recordings: number, sim: readonly string[] = []): Promise<Fleet> {
    const names = Array.from({ length: recordings }, (_, n) => n);
    const cwd = await folder(
      Object.fromEntries(names.map((n) => [`recordings/r${n}.yaml`, recording(n, layout(0))])),
    );
    return new Fleet(cwd, await simulator(cwd, sim), recordings);
  }

  /** A daemon. @param env with the address of the state, and what opens it */
  async watch(env: Record<string, string>, args: readonly string[] = []): Promise<Member> {
    const started = this.begin(env, args);
    const url = (await started.shows(/"url":"http:\/\/[^"]+"/, 'stderr')).slice(7, -1);
    await started.shows(/"msg":"watching"/, 'stderr');
    return { ...started, url };
  }

  /** The same without waiting for anything. */
  begin(env: Record<string, string>, args: readonly string[] = []): Started {
    const flags = ['--endpoint', this.sim.url, '--listen', '127.0.0.1:0', '--resync', '2s', ...args];
    return start(['watch', ...flags], { cwd: this.cwd, env });
  }

  /** Writes the next version of all recordings, or of one. */
  async edit(one?: number): Promise<void> {
    this.#version++;
    for (let n = 0; n < this.#recordings; n++)
      if (one === undefined || n === one)
        await writeFile(join(this.cwd, `recordings/r${n}.yaml`), recording(n, layout(this.#version)));
  }

  /** Resolves when the service has the last version of everything, where all were written. */
  async settled(patience = 30_000): Promise<void> {
    const wanted = color(this.#version);
    await until(
      async () => (await this.sim.recordings()).every(({ layout: now }) => colorOf(now) === wanted),
      `version ${this.#version} of all`,
      patience,
    );
  }

  /** What arrived so far, by the laws that hold whoever sends. */
  async judge(): Promise<Judgement> {
    const requests = (await this.sim.requests()).sort((a, b) => a.mono - b.mono);
    return {
      requests: requests.length,
      most: most(requests.map(({ mono }) => mono)),
      outdated: outdated(requests),
      used: used(requests.map(({ mono }) => mono)),
    };
  }
}

/** Waits until one of these daemons says that it sends, having said something else or nothing. @returns milliseconds */
export async function takenOver(by: readonly Started[], patience = 12_000): Promise<number> {
  const began = performance.now();
  const took = by.map((each) => each.shows(/this process sends for the account/, 'stderr'));
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`nothing took over within ${patience} ms`)), patience).unref(),
  );
  await Promise.race([...took, late]);
  return performance.now() - began;
}

function layout(version: number): string {
  return `layout: { backgroundColor: "${color(version)}" }\n`;
}

function color(version: number): string {
  return `#${version.toString(16).padStart(6, '0').toUpperCase()}`;
}

function colorOf(layout: unknown): string | undefined {
  return (layout as { backgroundColor?: string } | null)?.backgroundColor;
}

function most(times: readonly number[]): number {
  let first = 0;
  return times.reduce((worst, time, n) => {
    while (time - (times[first] as number) >= 1_000) first++;
    return Math.max(worst, n - first + 1);
  }, 0);
}

/** Stretches of 5 s with more than half of the allowance: in others a process was missing or nothing waited. */
function used(times: readonly number[]): number {
  const stretch = 5_000;
  const counts: number[] = [];
  for (const time of times) {
    const n = Math.floor((time - (times[0] as number)) / stretch);
    counts[n] = (counts[n] ?? 0) + 1;
  }
  const full = counts.slice(1, -1).filter((count) => count > (RATE * stretch) / 2_000);
  return full.reduce((sum, count) => sum + count, 0) / (full.length * RATE * (stretch / 1_000));
}

function outdated(requests: readonly SimulatedRequest[]): number {
  const newest = new Map<string, number>();
  let count = 0;
  for (const request of requests) {
    const text = colorOf(request.body?.clientRequest);
    if (text === undefined || request.sid === null) continue;
    const version = Number.parseInt(text.slice(1), 16);
    if (version < (newest.get(request.sid) ?? 0)) count++;
    else newest.set(request.sid, version);
  }
  return count;
}
