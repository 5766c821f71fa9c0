import type { Clock } from '../model/ports.ts';

export interface RefreshQueuePorts {
  clock: Clock;
  /** Aborts when no refresh is to be made any more. */
  stop: AbortSignal;
  /** One refresh, and all that follows from it. @param hint paths that may have changed; left out: all */
  refresh: (hint: readonly string[] | undefined) => Promise<void>;
  /** Called with the error of a refresh that failed. */
  onFailure: (error: unknown) => void;
  /** Called with how long each refresh took, in seconds, and whether it succeeded. */
  onRefresh: (seconds: number, result: 'ok' | 'failed') => void;
}

/**
 * Runs refreshes one after the other. Hints that arrive while one is under way are collected for one more: a hint is
 * never lost, and a thousand hints are not a thousand refreshes.
 */
export class RefreshQueue {
  readonly #ports: RefreshQueuePorts;
  #hints: Set<string> | 'everything' | undefined;
  /** Called when the next refresh of everything is done. */
  readonly #forEverything: (() => void)[] = [];
  #refreshing: Promise<void> | undefined;
  /** On the monotonic clock. */
  #began: number | undefined;

  constructor(ports: RefreshQueuePorts) {
    this.#ports = ports;
  }

  /** Something changed. @param paths that may have changed; left out: any */
  hint(paths?: readonly string[]): void {
    if (!paths) this.#hints = 'everything';
    else if (this.#hints !== 'everything') this.#hints = new Set([...(this.#hints ?? []), ...paths]);
    this.#refreshing ??= this.#refreshWhileHinted().finally(() => {
      this.#refreshing = undefined;
      if (this.#hints && !this.#ports.stop.aborted) this.hint([]);
    });
  }

  /**
   * Refreshes everything. Resolves when a refresh that began after this call is done, however it ended, or none is made
   * any more.
   */
  async atEverything(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#forEverything.push(resolve));
    this.hint();
    await Promise.race([done, this.idle()]);
  }

  /** Resolves when every refresh that was asked for is done. */
  async idle(): Promise<void> {
    while (this.#refreshing) await this.#refreshing;
  }

  /** Whether one more refresh was asked for since the one under way began: it should not have to wait for long. */
  get isAsked(): boolean {
    return this.#hints !== undefined;
  }

  /** For how long the refresh under way has taken, in milliseconds; 0 where none is. */
  get lasting(): number {
    return this.#began === undefined ? 0 : this.#ports.clock.monotonic() - this.#began;
  }

  async #refreshWhileHinted(): Promise<void> {
    const { clock, stop, refresh, onFailure, onRefresh } = this.#ports;
    while (this.#hints && !stop.aborted) {
      const hint = this.#hints;
      this.#hints = undefined;
      const waiting = hint === 'everything' ? this.#forEverything.splice(0) : [];
      const began = clock.monotonic();
      this.#began = began;
      const done = (result: 'ok' | 'failed') => {
        this.#began = undefined;
        for (const resolve of waiting) resolve();
        onRefresh((clock.monotonic() - began) / 1000, result);
      };
      try {
        await refresh(hint === 'everything' ? undefined : [...hint]);
        done('ok');
      } catch (error) {
        if (stop.aborted) return;
        // A failure loses nothing: the sweep asks again.
        onFailure(error);
        done('failed');
      }
    }
  }
}
