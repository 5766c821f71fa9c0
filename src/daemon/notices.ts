import { createHash } from 'node:crypto';
import type { Clock } from '../model/ports.ts';
import type { BlockName } from '../model/recording.ts';
import type { Commit } from '../model/source.ts';
import type { Condition, ConditionType, Watched } from './conditions.ts';

/** What is posted to `--notify`, as JSON. */
export interface Notice {
  format_version: '1.0';
  /** The same for each delivery of the same notice. */
  id: string;
  event: 'stalled' | 'ready' | 'drift';
  recording: string;
  file: string;
  condition: ConditionType;
  reason: string;
  message: string;
  /** ISO 8601: since when the condition, or the drift, has been there. */
  since: string;
  /** The commit that the files are from; null where they are from none. */
  commit: string | null;
  /** All of it in a sentence, as chat hooks take it. */
  text: string;
}

/** A condition that has not held for so long, in milliseconds, is not told: it may be about to change back. */
const FLAPPING = 10_000;

export interface NoticePorts {
  watched: (name: string) => Watched | undefined;
  commit: () => Commit | undefined;
  clock: Clock;
  stop: AbortSignal;
  send: (notice: Notice) => void;
}

/**
 * What is worth telling: that a recording is Stalled, that it is Ready again after that was told, and that it drifted.
 * Each change is told once, and a condition only when it has held for a while.
 */
export class Notices {
  readonly #ports: NoticePorts;
  /** Reasons of the recordings that were told to be Stalled. */
  readonly #told = new Map<string, string>();
  /** When the condition of a recording last became another, on the monotonic clock, while it is waited for to hold. */
  readonly #settling = new Map<string, number>();
  /** When a drift was last told, on the monotonic clock, and which. */
  readonly #drifted = new Map<string, { at: number; since: number }>();

  constructor(ports: NoticePorts) {
    this.#ports = ports;
  }

  /** A condition has changed. */
  changed({ name, condition }: Watched, before: Condition): void {
    const { type, reason } = condition;
    const isSame = type === before.type && reason === before.reason;
    if (this.#settling.has(name)) {
      if (!isSame) this.#settling.set(name, this.#ports.clock.monotonic());
      return;
    }
    const isNews =
      type === 'Stalled' ? this.#told.get(name) !== reason : type === 'Ready' && this.#told.has(name);
    if (!isNews) return;
    this.#settling.set(name, this.#ports.clock.monotonic());
    void this.#settle(name);
  }

  /** A recording was looked at. @param drift what differs from what was applied */
  observed(watched: Watched, drift: readonly BlockName[]): void {
    const { name } = watched;
    const now = this.#ports.clock.monotonic();
    const last = this.#drifted.get(name);
    const since = watched.drift?.since;
    // The same drift is seen again with every look.
    if (since === undefined || last?.since === since) return;
    if (last && now - last.at < FLAPPING) return;
    this.#drifted.set(name, { at: now, since });
    const reason = drift.join(' and ');
    this.#send('drift', watched, { reason, message: 'changed outside reelstate', since });
  }

  async #settle(name: string): Promise<void> {
    const { clock, stop } = this.#ports;
    for (;;) {
      const left = (this.#settling.get(name) ?? 0) + FLAPPING - clock.monotonic();
      if (left <= 0) break;
      await clock.sleep(left, stop);
      if (stop.aborted) return;
    }
    this.#settling.delete(name);
    this.#tell(name);
  }

  #tell(name: string): void {
    const watched = this.#ports.watched(name);
    const told = this.#told.get(name);
    if (!watched) return void this.#told.delete(name);
    const { type, reason } = watched.condition;
    if (type === 'Stalled' && told !== reason) {
      this.#told.set(name, reason);
      this.#send('stalled', watched, watched.condition);
    } else if (type === 'Ready' && told !== undefined) {
      this.#told.delete(name);
      this.#send('ready', watched, watched.condition);
    }
  }

  #send(
    event: Notice['event'],
    { name, file, condition }: Watched,
    { reason, message, since }: Pick<Condition, 'reason' | 'message' | 'since'>,
  ): void {
    const iso = new Date(since).toISOString();
    const id = createHash('sha256')
      .update(JSON.stringify([event, name, iso, reason]))
      .digest('hex')
      .slice(0, 32);
    this.#ports.send({
      format_version: '1.0',
      id,
      event,
      recording: name,
      file,
      condition: condition.type,
      reason,
      message,
      since: iso,
      commit: this.#ports.commit()?.sha ?? null,
      text: SENTENCES[event](name, reason, message),
    });
  }
}

const SENTENCES: Record<Notice['event'], (name: string, reason: string, message: string) => string> = {
  stalled: (name, reason, message) => `${name} is Stalled (${reason}): ${message}`,
  ready: (name) => `${name} is Ready again`,
  drift: (name, reason, message) => `${name} has drifted (${reason}): ${message}`,
};
