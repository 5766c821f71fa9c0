import type { Started } from '../../support/cli.ts';
import { cuttable } from '../../support/cuttable.ts';
import { Fleet, type Judgement, RATE } from '../../support/fleet.ts';
import { randomFrom } from '../../support/kill.ts';
import { type Server, startServer } from '../../support/postgres.ts';
import { tally } from '../chaos/judge.ts';

/** Recordings, all of which get a new version again and again: there is always something to send. */
const RECORDINGS = 30;
const EVERY = 2_000;
/** After the last fault everything must be as the files say, in milliseconds: a late call is sent once more after 30 s. */
const SETTLE = 90_000;
/** How long a holder that is gone may be missed, in milliseconds. */
const LONGEST_TAKEOVER = 10_000;

export interface FleetFigures extends Judgement {
  seed: number;
  faults: Record<string, number>;
  seconds: number;
  /** Milliseconds from the loss of a holder until another process sends: in the middle, and the longest. */
  takeovers: { count: number; median: number; longest: number };
  violations: string[];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Member {
  started: Started;
  url: string;
  cut: () => void;
  mend: () => void;
}

export async function fleetRun(seed: number, faults: number): Promise<FleetFigures> {
  const random = randomFrom(seed);
  const server = await startServer(['fsync=on']);
  const fleet = await Fleet.open(RECORDINGS, ['--latency', '5-60', '--seed', String(seed)]);
  const address = await server.address();
  const begin = async (): Promise<Member> => {
    const { proxied, cut, mend } = await cuttable(address);
    const started = await fleet.watch({ ...server.env, REELSTATE_STATE: proxied });
    return { started, url: started.url, cut, mend };
  };
  const members = [await begin(), await begin(), await begin()];
  const run = new Run(fleet, server, members, begin, random);
  const stop = new AbortController();
  const edits = editing(fleet, stop.signal);
  const began = performance.now();
  for (let n = 0; n < faults; n++) await run.fault();
  stop.abort();
  await edits;
  await fleet.edit();
  await fleet.settled(SETTLE).catch((error: Error) => run.violations.push(error.message));
  const seconds = (performance.now() - began) / 1_000;
  const judgement = await fleet.judge();
  if (judgement.most > RATE) run.violations.push(`${judgement.most} requests in a second`);
  if (judgement.outdated > 0) run.violations.push(`${judgement.outdated} outdated calls`);
  for (const { started } of run.members) {
    started.child.kill('SIGTERM');
    const { code, stderr } = await started.done;
    if (code !== 0 || /defect|Unhandled|^ {4}at /m.test(stderr))
      run.violations.push(`a daemon ended with ${code}: ${stderr.slice(-500)}`);
  }
  await server.stop();
  const times = run.takeovers.sort((a, b) => a - b);
  return {
    ...{ seed, faults: tally(run.kinds), seconds: Math.round(seconds), ...judgement },
    takeovers: {
      count: times.length,
      median: Math.round(times[Math.floor(times.length / 2)] ?? 0),
      longest: Math.round(times.at(-1) ?? 0),
    },
    violations: run.violations,
  };
}

async function editing(fleet: Fleet, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await fleet.edit();
    await pause(EVERY);
  }
}

/** The faults, one after the other. */
class Run {
  readonly members: Member[];
  readonly violations: string[] = [];
  readonly takeovers: number[] = [];
  readonly kinds: string[] = [];
  readonly #fleet: Fleet;
  readonly #server: Server;
  readonly #begin: () => Promise<Member>;
  readonly #random: () => number;

  constructor(
    fleet: Fleet,
    server: Server,
    members: Member[],
    begin: () => Promise<Member>,
    random: () => number,
  ) {
    this.#fleet = fleet;
    this.#server = server;
    this.members = members;
    this.#begin = begin;
    this.#random = random;
  }

  async fault(): Promise<void> {
    await this.#holder();
    await pause(500 + this.#random() * 2_500);
    const kind = ['kill', 'kill', 'stop', 'stop', 'cut', 'restart'][Math.floor(this.#random() * 6)] as string;
    this.kinds.push(kind);
    // Mostly the one that sends; now and then one that stands by.
    const holder = await this.#holder();
    const others = this.members.filter((member) => member !== holder);
    const isHolder = this.#random() < 0.8;
    const victim = isHolder ? holder : (others[Math.floor(this.#random() * others.length)] as Member);
    if (kind === 'restart') return this.#server.restart(this.#random() * 1_500);
    if (kind === 'kill') victim.started.child.kill('SIGKILL');
    else if (kind === 'stop') victim.started.child.kill('SIGSTOP');
    else victim.cut();
    if (isHolder) await this.#takeover(others);
    // SIGSTOP for 5 to 20 s; what is cut is mended after as long.
    if (kind !== 'kill') await pause(Math.max(0, 1_000 + this.#random() * 15_000 - (isHolder ? 4_000 : 0)));
    if (kind === 'kill') this.members[this.members.indexOf(victim)] = await this.#begin();
    else if (kind === 'stop') victim.started.child.kill('SIGCONT');
    else victim.mend();
  }

  async #takeover(others: readonly Member[]): Promise<void> {
    const began = performance.now();
    while (performance.now() - began < LONGEST_TAKEOVER) {
      if (await isSending(others)) {
        this.takeovers.push(performance.now() - began);
        return;
      }
      await pause(20);
    }
    this.violations.push(`fault ${this.kinds.length}: nothing took over within ${LONGEST_TAKEOVER} ms`);
  }

  /** The one that sends, once there is one. */
  async #holder(): Promise<Member> {
    for (const began = performance.now(); performance.now() - began < 3 * LONGEST_TAKEOVER; await pause(50)) {
      const holder = await isSending(this.members);
      if (holder) return holder;
    }
    throw new Error(`no daemon sends: ${(await this.#fleet.sim.requests()).length} requests so far`);
  }
}

async function isSending(members: readonly Member[]): Promise<Member | undefined> {
  const found = await Promise.all(
    members.map(async (member) => {
      const signal = AbortSignal.timeout(500);
      const text = await fetch(`${member.url}/readyz`, { signal }).then(
        (response) => response.text(),
        () => '',
      );
      return text === 'ok\n' ? member : undefined;
    }),
  );
  return found.find((member) => member !== undefined);
}
