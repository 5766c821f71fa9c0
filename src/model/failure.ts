/**
 * An error that the user can fix: a message and, where there is one, a hint. Everything else that is thrown is a defect
 * of reelstate.
 */
export class Failure extends Error {
  override name = 'Failure';
  readonly hint: string | undefined;
  /** 1: something failed; 64: the command line is wrong. */
  readonly exitCode: 1 | 64;

  constructor(message: string, options: { hint?: string; exitCode?: 1 | 64; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The command line is wrong. */
export function usage(message: string, hint?: string): Failure {
  return new Failure(message, { exitCode: 64, ...(hint === undefined ? {} : { hint }) });
}
