import { Failure } from '../model/failure.ts';
import type { Holder } from '../model/store.ts';

/** The way out of damage. */
const MEND =
  "Nothing was changed. Restore the state from a backup, or move it away: then nothing is known, and the next apply sends every recording's whole state.";

/** Something of the state is not as reelstate wrote it. The message says where, the hint what to do. */
export class DamagedState extends Failure {
  override name = 'DamagedState';

  constructor(message: string, cause?: unknown) {
    super(message, { hint: MEND, cause });
  }
}

/** A state that a newer version of reelstate wrote, or one that was never released. */
export class OtherFormat extends Failure {
  constructor(place: string, format: unknown, own: number) {
    super(`${place} was written by another version of reelstate (format ${format}, this one reads ${own})`, {
      hint: 'Nothing was changed. Use the version that wrote it, or a newer one.',
    });
  }
}

/** Another process writes the state. */
export class LockedState extends Failure {
  override name = 'LockedState';
  readonly holder: Holder | undefined;

  /**
   * @param holder undefined: it has not said yet who it is
   * @param killed what becomes of what a killed process held
   */
  constructor(
    place: string,
    holder: Holder | undefined,
    killed = 'A process that was killed holds nothing any more.',
  ) {
    const who = holder
      ? `process ${holder.pid} on ${holder.host} (${holder.command}, since ${holder.since})`
      : 'a process that has just begun';
    super(`the state in ${place} is in use by ${who}`, {
      hint: `Wait for it to end, or stop it. ${killed}`,
    });
    this.holder = holder;
  }
}

/** The state cannot be written any more, or is not where it was: nothing that follows could be recorded. */
export class LostState extends Failure {
  override name = 'LostState';
}
