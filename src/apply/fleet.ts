import type { Identity } from '../model/recording.ts';
import { appIdIn } from '../model/recording-key.ts';
import type { Work } from '../model/work.ts';
import type { Engine } from './engine.ts';

/** An account's engine. */
export interface Member {
  /** As the settings file calls the account; undefined: the one account of every App ID. */
  name: string | undefined;
  engine: Engine;
}

/** What one account is at. */
export interface AccountLoad {
  name: string;
  /** Recordings with something to do. */
  lanes: number;
  /** Places taken in the allowance. */
  inUse: number;
  /** Requests a second at the moment. */
  rate: number;
  /** Why nothing is sent for it at the moment. */
  stopped: string | undefined;
}

/**
 * An engine for each account, and each call by its App ID to the one that sends for it. They share nothing: what an
 * answer says about one account holds back no other. Work for an App ID without an account is dropped: its recording is
 * held back before.
 */
export class Fleet {
  readonly members: readonly Member[];
  /** What the account of an App ID is called; undefined where it has none, and where there is one account without a name. */
  readonly accountOf: (appId: string) => string | undefined;
  readonly #engines: ReadonlyMap<string | undefined, Engine>;
  /** Rejects when one of the engines had to stop by an error. */
  readonly broken: Promise<never>;

  constructor(members: readonly Member[], accountOf: (appId: string) => string | undefined) {
    this.members = members;
    this.accountOf = accountOf;
    this.#engines = new Map(members.map(({ name, engine }) => [name, engine]));
    this.broken = Promise.race(members.map(({ engine }) => engine.broken));
    this.broken.catch(() => {});
  }

  submit(work: Work): void {
    this.#of(work.identity.appId)?.submit(work);
  }

  drop(key: string): void {
    this.#of(appIdIn(key))?.drop(key);
  }

  isBusy(key: string): boolean {
    return this.#of(appIdIn(key))?.isBusy(key) ?? false;
  }

  async observe(identity: Identity, ask: Parameters<Engine['observe']>[1]): ReturnType<Engine['observe']> {
    return this.#of(identity.appId)?.observe(identity, ask);
  }

  /** Tries again where answers had stopped things. @param account left out: of every account */
  resume(account?: string): void {
    for (const { name, engine } of this.members)
      if (account === undefined || name === account) engine.resume();
  }

  /** Nothing more is sent; calls in flight are awaited and recorded. */
  stop(): void {
    for (const { engine } of this.members) engine.stop();
  }

  close(): void {
    for (const { engine } of this.members) engine.close();
  }

  /** Resolves when nothing is left to do, or all has stopped. @throws what made one of them stop, if it was an error */
  async idle(): Promise<void> {
    await Promise.all(this.members.map(({ engine }) => engine.idle()));
  }

  /** Why nothing at all is sent: while one account can send, something is. */
  get stopped(): string | undefined {
    const reasons = this.members.map(({ name, engine }) => told(name, engine.stopped));
    if (reasons.includes(undefined)) return undefined;
    return reasons.join('; ') || undefined;
  }

  /** Of all accounts together. */
  load(): { lanes: number; inUse: number; rate: number } {
    const sum = { lanes: 0, inUse: 0, rate: 0 };
    for (const { engine } of this.members) {
      const { lanes, inUse, rate } = engine.load();
      sum.lanes += lanes;
      sum.inUse += inUse;
      sum.rate += rate;
    }
    return sum;
  }

  /** Of each account by itself; none where the one there is has no name. */
  loads(): AccountLoad[] {
    return this.members.flatMap(({ name, engine }) =>
      name === undefined ? [] : [{ name, ...engine.load(), stopped: engine.stopped }],
    );
  }

  #of(appId: string): Engine | undefined {
    return this.#engines.get(this.accountOf(appId));
  }
}

/** What is said of an account, with its name where it has one. */
export function told(name: string | undefined, text: string | undefined): string | undefined {
  return name === undefined || text === undefined ? text : `${name}: ${text}`;
}
