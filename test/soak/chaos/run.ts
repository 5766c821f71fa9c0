import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../support/cli.ts';
import { randomFrom } from '../../support/kill.ts';
import { TRACES } from './documents.ts';
import { last, passing, verdicts } from './faults.ts';
import { type Arrival, judge, tally, type Violation } from './judge.ts';
import { settle } from './settle.ts';
import { Truth } from './truth.ts';
import { World } from './world.ts';
import { Writers } from './writers.ts';

export interface Figures {
  seed: number;
  edits: Record<string, number>;
  signals: Record<string, number>;
  requests: number;
  /** Requests that met a fault, by kind. */
  faults: Record<string, number>;
  /** Until everything was as the files say, once nothing misbehaved any more. */
  settledSeconds: number;
  memoryMiB: number;
  violations: Violation[];
}

const WRITERS = 4;
/** Share of the time after which the service gives no verdicts of its own any more, because those stand. */
const VERDICTS_UNTIL = 0.7;
/** More resident memory than this is a leak, in MiB. */
const MOST_MEMORY = 400;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One run: edits, faults and signals for so many seconds, then the time that it takes to settle. */
export async function chaos(seed: number, seconds: number): Promise<Figures> {
  const truth = new Truth();
  let writers: Writers | undefined;
  const world = await World.open(seed, async (cwd) => {
    writers = new Writers(cwd, truth);
    await writers.begin();
  });
  if (!writers) throw new Error('no folder');
  await misbehave(world, [...verdicts(), ...passing()]);
  world.begin();
  const stop = new AbortController();
  const work = [
    ...Array.from({ length: WRITERS }, (_, n) => writers?.work(randomFrom(seed * 1_000 + n), stop.signal)),
    world.disturb(randomFrom(seed * 1_000 + 500), stop.signal),
  ];
  await pause(seconds * 1_000 * VERDICTS_UNTIL);
  await misbehave(world, passing());
  // Longer than the last verdict may be on its way. Nobody helps after this.
  await pause(4_000);
  await world.askAgain();
  await pause(seconds * 1_000 * (1 - VERDICTS_UNTIL));
  stop.abort();
  await Promise.all(work);
  await lastEdits(world, writers, randomFrom(seed * 1_000 + 501));
  const { seconds: settledSeconds, violations } = await settle(world, truth);
  const secrets = await leaks(world);
  await world.end('SIGTERM');
  const arrivals = (await world.sim.requests()) as unknown as Arrival[];
  const kills = world.lives.flatMap(({ how, to }) => (how === 'SIGKILL' ? [to] : []));
  violations.push(...judge(arrivals, truth, kills), ...secrets, ...(await afterwards(world)));
  await world.sim.stop();
  if (violations.length > 0) await keep(seed, { arrivals, violations, truth: truth.moments() }, world.logs());
  return {
    seed,
    edits: writers.counts,
    signals: world.counts,
    requests: arrivals.length,
    faults: tally(arrivals.flatMap(({ fault }) => fault ?? [])),
    settledSeconds,
    memoryMiB: world.memory,
    violations,
  };
}

async function misbehave(world: World, rules: readonly string[]): Promise<void> {
  await world.sim.json('/_sim/faults', { method: 'PUT', body: JSON.stringify(rules) });
}

/** The last versions leave while calls still land late, and perhaps one is killed over them; then all is well. */
async function lastEdits(world: World, writers: Writers, random: () => number): Promise<void> {
  await misbehave(world, last());
  if (world.daemon?.ran) world.begin();
  await writers.finish(random);
  await pause(3_000);
  if (random() < 0.5) {
    await world.end('SIGKILL');
    world.begin();
  }
  await misbehave(world, []);
}

/** Secrets in what the daemons wrote, what they serve and keep, and what the other commands print. */
async function leaks(world: World): Promise<Violation[]> {
  const texts: Record<string, string> = {};
  for (const path of ['/', '/api/recordings', '/metrics', '/readyz'])
    texts[path] = (await world.ask(path)) ?? '';
  for (const command of ['plan', 'plan --json', 'status', 'status --json', 'history', 'history --json']) {
    const { stdout, stderr } = await run(command.split(' '), { cwd: world.cwd, env: world.env });
    texts[command] = stdout + stderr;
  }
  const state = join(world.cwd, '.reelstate');
  for (const entry of await readdir(state, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) texts[entry.name] = await readFile(join(entry.parentPath, entry.name), 'latin1');
  await world.end('SIGTERM');
  texts.log = world.logs();
  return Object.entries(texts).flatMap(([where, text]) =>
    TRACES.filter((trace) => text.includes(trace)).map((trace) => ({
      law: 'secret',
      detail: `${trace} in ${where}`,
    })),
  );
}

/** The daemon's own conduct, and whether a plan finds nothing left to do. */
async function afterwards(world: World): Promise<Violation[]> {
  const violations = world.misdeeds.map((detail) => ({ law: 'conduct', detail }));
  if (world.memory > MOST_MEMORY)
    violations.push({ law: 'memory', detail: `${world.memory.toFixed(0)} MiB` });
  const traces = world.logs().match(/.*(defect|UnhandledPromise|^ {4}at ).*/gm) ?? [];
  violations.push(...traces.slice(0, 5).map((detail) => ({ law: 'defect', detail })));
  const plan = await run(['plan', '--detailed-exitcode'], { cwd: world.cwd, env: world.env });
  if (plan.code !== 0)
    violations.push({ law: 'plan', detail: `ends with ${plan.code}: ${plan.stdout}${plan.stderr}` });
  return violations;
}

/** What a failure is understood by, where a folder is named for it. */
async function keep(seed: number, figures: object, log: string): Promise<void> {
  const to = process.env.REELSTATE_SOAK_KEEP;
  if (!to) return;
  await mkdir(to, { recursive: true });
  await writeFile(join(to, `seed-${seed}.json`), JSON.stringify(figures, null, 1));
  await writeFile(join(to, `seed-${seed}.log`), log);
}
