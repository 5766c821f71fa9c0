import { createHmac } from 'node:crypto';
import type { Clock } from '../model/ports.ts';
import type { Logger } from './log.ts';
import type { Notice } from './notices.ts';

/** Between two attempts, in milliseconds: twice as long each time in a row. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5 * 60_000;
/** A notice that could not be handed over for so long is given up, in milliseconds: it is no news any more. */
const LONGEST = 6 * 60 * 60_000;
/** Notices that wait for one address; one more takes the place of the oldest. */
const MAX_WAITING = 1_000;
/** Answers below 500 after which the same notice may be taken later (RFC 9110, 15.5.9; RFC 8470, 5.2; RFC 6585, 4). */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Posts a body. @returns the status; undefined where no answer came */
export type Post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  stop: AbortSignal,
) => Promise<number | undefined>;

export interface NotifierPorts {
  /** Its path may be a secret: only its origin is ever told. */
  url: URL;
  /** Signs the body, where there is one. */
  secret: string | undefined;
  post: Post;
  clock: Clock;
  random: () => number;
  log: Logger;
  stop: AbortSignal;
}

/** Hands notices to one address, one after the other in their order, each until it is taken. Nothing waits for it. */
export class Notifier {
  readonly #ports: NotifierPorts;
  readonly #waiting: { body: string; since: number }[] = [];
  #isRunning = false;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
  }

  send(notice: Notice): void {
    const { clock, log, url } = this.#ports;
    this.#waiting.push({ body: JSON.stringify(notice), since: clock.monotonic() });
    if (this.#waiting.length > MAX_WAITING) {
      // The first is being handed over.
      this.#waiting.splice(1, 1);
      log.warn({ notify: url.origin }, 'too many notifications wait: the oldest is dropped');
    }
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    const { stop } = this.#ports;
    this.#isRunning = true;
    for (let next = this.#waiting[0]; next && !stop.aborted; next = this.#waiting[0]) {
      await this.#deliver(next);
      this.#waiting.shift();
    }
    this.#isRunning = false;
  }

  async #deliver({ body, since }: { body: string; since: number }): Promise<void> {
    const { url, post, clock, random, log, stop } = this.#ports;
    const about = { notify: url.origin };
    for (let times = 0; !stop.aborted; times++) {
      const status = await post(url, this.#headers(body), body, stop);
      if (stop.aborted) return;
      const said = status === undefined ? 'there was no answer' : `the answer was ${status}`;
      if (status !== undefined && status >= 200 && status < 300) {
        if (times > 0) log.info(about, 'notifications are taken again');
        return;
      }
      if (status !== undefined && status < 500 && !PASSING.has(status))
        return log.error(about, `a notification is refused and dropped: ${said}`);
      if (clock.monotonic() - since > LONGEST) return log.error(about, `a notification is given up: ${said}`);
      // Some of it is drawn, so that many daemons do not come back in one moment.
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(times, 16)) * (0.75 + random() / 2);
      log[times === 0 ? 'warn' : 'debug'](
        { ...about, again_seconds: Math.ceil(pause / 1000) },
        `a notification is not taken yet: ${said}`,
      );
      await clock.sleep(pause, stop);
    }
  }

  #headers(body: string): Record<string, string> {
    const { secret } = this.#ports;
    return {
      'content-type': 'application/json; charset=utf-8',
      ...(secret
        ? { 'x-reelstate-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
        : {}),
    };
  }
}
