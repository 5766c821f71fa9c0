import type { Span } from './source-text.ts';

/** Where a value stands. */
export interface Place {
  /** The field's name; undefined for list entries and the document itself. */
  key?: Span;
  value: Span;
  /** A number's own text: 0x1F and 1e3 are not what was meant by a UID. */
  text?: string;
  /** The alias through which the document has it: `value` is where the anchor stands. */
  alias?: Span;
}

/**
 * The places of a value and of all within it. Found by JSON Pointer only when one is asked for: of a file without
 * mistakes that is a handful, of all that are there.
 */
export class Places implements Place {
  key: Span | undefined;
  value: Span = { start: 0, end: 0 };
  text: string | undefined;
  alias?: Span;
  #fields: Map<string, Places> | undefined;
  #items: Places[] | undefined;

  constructor(key?: Span) {
    this.key = key;
  }

  field(name: string, key: Span): Places {
    const place = new Places(key);
    this.#fields ??= new Map();
    this.#fields.set(name, place);
    return place;
  }

  item(): Places {
    const place = new Places();
    this.#items ??= [];
    this.#items.push(place);
    return place;
  }

  get(pointer: string): Place | undefined {
    let place: Places | undefined = this;
    for (const part of pointer.split('/').slice(1)) {
      if (!place) return undefined;
      place = place.#within(part);
    }
    return place;
  }

  /** The places of all that is within the value there, by JSON Pointer. */
  *within(pointer: string): Generator<[string, Place]> {
    const place = this.get(pointer) as Places | undefined;
    if (!place) return;
    const parts = place.#items?.entries() ?? place.#fields ?? [];
    for (const [part, inside] of parts) {
      const at = `${pointer}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;
      yield [at, inside];
      yield* this.within(at);
    }
  }

  #within(part: string): Places | undefined {
    if (this.#items) return this.#items[Number(part)];
    return this.#fields?.get(part.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
}
