import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { systemClock } from '../../../src/system-clock.ts';
import { folder, type Ran, type Started, simulator, start } from '../../support/cli.ts';
import { SECRETS } from './documents.ts';

/** A daemon from its start to its end. */
interface Life {
  started: Started;
  from: number;
  to: number;
  /** The signal that it was ended with; undefined while it lives, and where it ended by itself. */
  how: 'SIGKILL' | 'SIGTERM' | undefined;
  ran: Ran | undefined;
}

/** How often the daemon looks at all files, whatever events say, in milliseconds. */
export const LOOK_MS = 1_000;
/** Of the service: before everything that is not the system's. */
const PRIORITY = -15;
/** SIGTERM ends it within this time, in milliseconds. */
const TERM_MS = 5_000;

const pause = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal);

/** A service that waits for a processor would note arrivals too late, and too close to each other. */
function prefer(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch {
    // Only root may; elsewhere the machine had better be idle.
  }
}

/** The service and the daemon beside it, with what is done to the daemon. Times are wall clock, in milliseconds. */
export class World {
  readonly cwd: string;
  readonly sim: Awaited<ReturnType<typeof simulator>>;
  readonly lives: Life[] = [];
  readonly counts: Record<string, number> = {};
  /** What the daemon itself did wrong: ended unasked, in the wrong way, or too late. */
  readonly misdeeds: string[] = [];
  /** Most resident memory of the daemon, in MiB. */
  memory = 0;
  #resumed = true;

  private constructor(cwd: string, sim: World['sim']) {
    this.cwd = cwd;
    this.sim = sim;
  }

  static async open(seed: number, prepare: (cwd: string) => Promise<void>): Promise<World> {
    const cwd = await folder();
    await prepare(cwd);
    const env = { AGORA_CUSTOMER_SECRET: SECRETS.AGORA_CUSTOMER_SECRET as string };
    const sim = await simulator(cwd, ['--seed', String(seed), '--log-level', 'warn'], env);
    prefer(sim.pid);
    return new World(cwd, sim);
  }

  get daemon(): Life | undefined {
    return this.lives.at(-1);
  }

  /** The same environment for whatever is run beside the daemon. */
  get env(): Record<string, string> {
    return { ...SECRETS };
  }

  begin(): void {
    const flags = [
      '--listen',
      '127.0.0.1:0',
      '--sweep',
      `${LOOK_MS}ms`,
      '--resync',
      '20s',
      '--timeout',
      '3s',
    ];
    const started = start(['watch', '--endpoint', this.sim.url, ...flags], { cwd: this.cwd, env: this.env });
    const life: Life = {
      started,
      from: Date.now(),
      to: Number.POSITIVE_INFINITY,
      how: undefined,
      ran: undefined,
    };
    this.lives.push(life);
    void started.done.then((ran) => {
      Object.assign(life, { ran, to: Date.now() });
      if (life.how) return;
      this.misdeeds.push(`ended unasked with ${ran.code ?? ran.signal}: ${ran.stderr.slice(-600)}`);
    });
  }

  /** Ends the daemon, and says whether it went as it should. */
  async end(how: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const life = this.daemon;
    if (!life || life.ran) return;
    this.#count(how);
    life.how = how;
    const asked = Date.now();
    life.started.child.kill(how);
    if (how === 'SIGTERM' && !this.#resumed) life.started.child.kill('SIGCONT');
    const { code } = await life.started.done;
    const took = Date.now() - asked;
    // Before it has installed its handlers a signal ends it at once, which is as good.
    const isYoung = asked - life.from < 2_000;
    if (how === 'SIGTERM' && code !== 0 && !isYoung) this.misdeeds.push(`SIGTERM ended it with ${code}`);
    if (how === 'SIGTERM' && took > TERM_MS + 1_000) this.misdeeds.push(`SIGTERM took ${took} ms`);
  }

  /** Kills, stops, hangs up and restarts the daemon at random, until the signal. */
  async disturb(random: () => number, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await pause(1_000 + random() * 9_000, stop);
      await this.#measure();
      if (stop.aborted) return;
      const drawn = random();
      if (drawn < 0.4) await this.end('SIGKILL');
      else if (drawn < 0.5) await this.end('SIGTERM');
      else if (drawn < 0.75) await this.#stopFor(200 + random() * 6_000);
      else this.signal('SIGHUP');
      if (random() < 0.3) await pause(random() * 2_000);
      if (this.daemon?.ran) this.begin();
    }
  }

  /** @returns whether it was sent: a SIGHUP that comes before it is listened to would end the daemon */
  signal(signal: 'SIGHUP' | 'SIGSTOP' | 'SIGCONT'): boolean {
    const life = this.daemon;
    if (!life || life.ran || (signal === 'SIGHUP' && Date.now() - life.from < 3_000)) return false;
    if (signal !== 'SIGCONT') this.#count(signal);
    return life.started.child.kill(signal);
  }

  /** Lets what the service has refused be tried again, by SIGHUP, unless a daemon begins anew anyway. */
  async askAgain(): Promise<void> {
    const since = Date.now();
    for (;;) {
      const life = this.daemon;
      if (life && life.from > since) return;
      if (life && !life.ran && this.#resumed && this.signal('SIGHUP')) return;
      await pause(200);
    }
  }

  async #stopFor(ms: number): Promise<void> {
    this.#resumed = false;
    this.signal('SIGSTOP');
    await pause(ms);
    this.signal('SIGCONT');
    this.#resumed = true;
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async #measure(): Promise<void> {
    const status = await readFile(`/proc/${this.daemon?.started.child.pid}/status`, 'utf8').catch(() => '');
    this.memory = Math.max(this.memory, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }

  /** What the living daemon serves at a path; undefined while it does not. */
  async ask(path: string): Promise<string | undefined> {
    const life = this.daemon;
    if (!life || life.ran) return undefined;
    try {
      const url = (await life.started.shows(/"url":"http:\/\/[^"]+"/, 'stderr')).slice(7, -1);
      return await (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) })).text();
    } catch {
      return undefined;
    }
  }

  /** Everything that the daemons wrote. */
  logs(): string {
    return this.lives.map(({ ran }) => `${ran?.stdout ?? ''}${ran?.stderr ?? ''}`).join('');
  }
}
