import { FILES, type Version } from './documents.ts';

/** What a document was from some moment on: flux while a writer is at its file. */
export type Condition =
  | ({ is: 'there' } & Version)
  | { is: 'gone' }
  /** Its file cannot be read, so its recording keeps what it has. */
  | { is: 'broken' }
  | { is: 'flux' };

interface Moment {
  /** Wall clock, milliseconds. */
  at: number;
  condition: Condition;
}

/** What the files said, when: written down by the writers, read by the judge. */
export class Truth {
  readonly #moments = new Map<string, Moment[]>();
  readonly #versions = new Map<string, Map<number, Version>>();
  #last = 0;

  constructor() {
    for (const { name } of FILES.flatMap(({ docs }) => docs)) {
      this.#moments.set(name, []);
      this.#versions.set(name, new Map());
    }
  }

  next(name: string, suspended = false): Version {
    this.#last += 1;
    const version = { v: this.#last, suspended };
    this.#versions.get(name)?.set(version.v, version);
    return version;
  }

  note(name: string, condition: Condition, at = Date.now()): void {
    this.#moments.get(name)?.push({ at, condition });
  }

  /** The version of that number, if it was ever written for this document. */
  version(name: string, v: number): Version | undefined {
    return this.#versions.get(name)?.get(v);
  }

  now(name: string): Condition {
    return this.#moments.get(name)?.at(-1)?.condition ?? { is: 'gone' };
  }

  moments(): Record<string, readonly object[]> {
    return Object.fromEntries(this.#moments);
  }

  /** Every condition that held at some time within a span, in order. */
  during(name: string, from: number, to: number): Condition[] {
    const moments = this.#moments.get(name) ?? [];
    return moments
      .filter(({ at }, n) => at <= to && (moments[n + 1]?.at ?? Number.POSITIVE_INFINITY) > from)
      .map(({ condition }) => condition);
  }
}
