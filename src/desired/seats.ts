import { isObject } from '../model/json.ts';
import type { SeatNames } from '../model/recording.ts';
import { type Look, label } from './look.ts';
import { quoted } from './printable.ts';
import type { LayoutBlock } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { suggest } from './suggest.ts';
import { readUserUid } from './uid.ts';

/*
 * Seats: a layout may name them in place of users, and says nothing of who sits there. The recording does.
 */

const SEATS = '/layout/seats';

/** What a seat is called. */
const SEAT_NAME = /^[A-Za-z0-9._-]{1,63}$/;

/** Where a seat and a UID stand beside each other. */
export const KEEP_ONE = 'Keep one of the two: a seat is filled in the seats of the recording.';

/** In place of a UID: any user that joins. */
const ANY = 'any';

/** Who sits in a seat: a user; null: its region is left out; "any": any user that joins. */
export type Sitter = { uid: string; pointer: string } | typeof ANY | null;

/** The seats of one layout while it is read: those that it names against those that are filled. */
export class Seating {
  readonly #block: LayoutBlock;
  readonly #look: Look;
  readonly #isSound: IsSound;
  readonly #sitters = new Map<string, Sitter | undefined>();
  /** Seats that the layout names, each with the first place. */
  readonly #named = new Map<string, string>();
  readonly #uids: Record<string, string> = {};
  readonly #regions: Record<number, string> = {};
  #large: string | undefined;
  /** The layout is looked at by itself: its seats stay open. */
  readonly #isOpen: boolean;

  /** @param isOpen the layout is looked at by itself, and is filled by others */
  constructor(block: LayoutBlock, look: Look, isSound: IsSound, isOpen: boolean) {
    this.#block = block;
    this.#look = look;
    this.#isSound = isSound;
    this.#isOpen = isOpen;
    if (isObject(block.seats)) this.#readSitters(block.seats);
  }

  /**
   * Who sits in a seat that the layout names; undefined where that is not known.
   * @param pointer of the seat's name
   */
  sitter(seat: string, pointer: string): Sitter | undefined {
    if (!SEAT_NAME.test(seat))
      this.#look.report(
        'seat-format',
        pointer,
        `${quoted(seat)} is no name of a seat`,
        'Letters, digits, -, _ and . are allowed, at most 63 characters.',
      );
    if (!this.#named.has(seat)) this.#named.set(seat, pointer);
    const sitter = this.#sitters.get(seat);
    if (typeof sitter === 'object' && sitter !== null) this.#uids[sitter.uid] = seat;
    return sitter;
  }

  /** Gives a region without a UID the name of its seat. @param index of the region among those that are left */
  nameRegion(index: number, seat: string): void {
    this.#regions[index] = this.#isOpen ? seat : `${seat} (${ANY})`;
  }

  nameLarge(seat: string): void {
    if (this.#isOpen) this.#large = seat;
  }

  /** Reports a seat that any user may have, where a user is needed. */
  refuseAny(seat: string, pointer: string): void {
    this.#look.report(
      'seat-any',
      place(seat),
      `any names no user, and ${label(pointer.replace(/\/seat$/, ''))} needs one`,
      `Fill the seat ${seat} with a UID, or with null to leave it out.`,
    );
  }

  /** Reports what does not fit together, once the whole layout was read. */
  finish(): void {
    if (this.#isOpen) return;
    const open = [...this.#named].filter(([seat]) => !this.#sitters.has(seat));
    if (open.length > 0) this.#reportOpen(open);
    if (!this.#isSound('/layout/layoutConfig') || !this.#isSound('/layout/backgroundConfig')) return;
    const names = [...this.#named.keys()];
    for (const seat of this.#sitters.keys()) {
      if (this.#named.has(seat)) continue;
      const near = suggest(seat, names);
      this.#look.reportField(
        'seat-unknown',
        place(seat),
        `the layout has no seat ${quoted(seat)}`,
        near
          ? `Did you mean ${near}?`
          : names.length > 0
            ? `Its seats: ${names.join(', ')}.`
            : 'It names none: a region with a seat in place of a uid has one.',
      );
    }
  }

  /** For people; undefined where the layout names no seats. */
  get names(): SeatNames | undefined {
    if (this.#named.size === 0) return undefined;
    const large = this.#large === undefined ? {} : { large: this.#large };
    return { uids: this.#uids, regions: this.#regions, ...large };
  }

  #readSitters(written: NonNullable<LayoutBlock['seats']>): void {
    const seatOf = new Map<string, string>();
    for (const [seat, value] of Object.entries(written)) {
      const pointer = place(seat);
      this.#sitters.set(seat, undefined);
      if (value === undefined || !this.#isSound(pointer)) continue;
      if (value === null || value === ANY) {
        this.#sitters.set(seat, value);
        continue;
      }
      const uid = readUserUid(value, pointer, this.#look);
      const other = seatOf.get(uid);
      if (other !== undefined)
        this.#look.report(
          'uid-twice',
          pointer,
          `the UID ${quoted(uid)} sits in two seats: ${other} and ${seat}`,
          'A user is seen once.',
        );
      // What is told here is not told of the regions as well.
      else this.#sitters.set(seat, { uid, pointer });
      seatOf.set(uid, seat);
    }
  }

  #reportOpen(open: readonly [string, string][]): void {
    const seats = open.map(([seat]) => seat);
    const summary = `the seat${seats.length > 1 ? 's' : ''} ${seats.join(', ')} ${seats.length > 1 ? 'are' : 'is'} not filled`;
    const way = `Add to seats: ${seats[0]}: UID, or null to leave its region out, or any for a user that joins.`;
    const { seats: written, fromFile } = this.#block;
    if (written !== undefined) this.#look.reportField('seat-not-filled', SEATS, summary, way);
    else
      this.#look.report(
        'seat-not-filled',
        fromFile === undefined ? (open[0] as [string, string])[1] : '/layout/fromFile',
        summary,
        way,
      );
  }
}

function place(seat: string): string {
  return `${SEATS}/${seat.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
