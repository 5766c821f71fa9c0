/** Time, handed in so that tests need not wait. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For records that people read; never for measuring. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or early when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The process as a command sees it. */
export interface Io {
  /** Results. Resolves when the text is handed to the stream, so that a slow pipe loses nothing. */
  out(text: string): Promise<void>;
  /** Standard input, to its end. */
  input(): Promise<Uint8Array>;
  /** Everything else: progress, notes, errors. */
  err(text: string): Promise<void>;
  env: Record<string, string | undefined>;
  /** Takes variables out of `env` for good, and of what the system shows of this process: their values are secret. */
  conceal(names: readonly string[]): void;
  cwd: string;
  clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Whether standard output / standard error is a terminal, and how wide: 80 columns where neither knows. */
  outIsTerminal: boolean;
  errIsTerminal: boolean;
  columns: number;
  /** Asks on the terminal, beside the results where they go elsewhere; undefined where there is none to ask. */
  ask: ((question: string) => Promise<string>) | undefined;
  /**
   * Aborts on the first SIGINT or SIGTERM: finish what is in flight. Reading it is the promise to obey it: until
   * then a signal ends the process at once.
   */
  readonly stop: AbortSignal;
  /** Calls `listener` on every SIGHUP from now on, instead of ending the process. */
  onHangup(listener: () => void): void;
}
