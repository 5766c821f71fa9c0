import { told } from '../apply/fleet.ts';
import type { Writer } from '../model/store.ts';
import type { Logger } from './log.ts';

/** Where processes share a state one of them sends for an account, and the others stand by. */
export class Standby {
  readonly #store: Pick<Writer, 'holds' | 'holderOf'>;
  readonly #accounts: readonly { name: string | undefined; account: string }[];
  readonly #log: Logger;

  /** @param accounts that it would send for: their names, and their fingerprints */
  constructor(
    store: Pick<Writer, 'holds' | 'holderOf'>,
    accounts: readonly { name: string | undefined; account: string }[],
    log: Logger,
  ) {
    this.#store = store;
    this.#accounts = accounts;
    this.#log = log;
  }

  /** Why this process sends nothing for the account of that name; undefined where it does. */
  of(name: string | undefined): string | undefined {
    const own = this.#accounts.find((each) => each.name === name);
    return own && this.#reason(own.account);
  }

  /** Why this process sends nothing at all although all is well; undefined where it sends for an account. */
  ofAll(): string | undefined {
    const reasons = this.#accounts.map(({ name, account }) => told(name, this.#reason(account)));
    if (reasons.includes(undefined)) return undefined;
    return reasons.join('; ') || undefined;
  }

  /** Tells who sends for an account. */
  tell(account: string): void {
    const reason = this.#reason(account);
    for (const { name } of this.#accounts.filter((each) => each.account === account))
      this.#log.info(
        name === undefined ? {} : { account: name },
        reason ?? 'this process sends for the account',
      );
  }

  /** Tells of the accounts that other processes send for. */
  tellOthers(): void {
    for (const { account } of this.#accounts) if (!this.#store.holds(account)) this.tell(account);
  }

  #reason(account: string): string | undefined {
    if (this.#store.holds(account)) return undefined;
    const holder = this.#store.holderOf(account);
    const who = holder
      ? `process ${holder.pid} on ${holder.host} (${holder.command}, since ${holder.since})`
      : 'no process yet';
    return `standby: ${who} sends for the account`;
  }
}
