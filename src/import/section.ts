import { isObject, type JsonObject } from './start-json.ts';

/** Something that is wrong in the JSON. */
export interface Problem {
  /** "clientRequest.storageConfig.bucket", or a flag such as "--sid". */
  path: string;
  summary: string;
  detail?: string;
}

/** A field that does not go into the file. */
export interface LeftOut {
  /** Path of the object that holds it; empty for the outermost. */
  parent: string;
  name: string;
  /** Absent: `update` and `updateLayout` have no such field. */
  reason?: string;
}

/** What is found besides the fields themselves. */
export interface Findings {
  problems: Problem[];
  leftOut: LeftOut[];
}

/** One object of the JSON: every field is either taken, or counted among those left out. null counts as absent. */
export class Section {
  /** Path of this object, empty for the outermost. */
  readonly path: string;
  readonly #value: JsonObject;
  readonly #findings: Findings;
  readonly #taken = new Set<string>();

  constructor(value: JsonObject, path: string, findings: Findings) {
    this.#value = value;
    this.path = path;
    this.#findings = findings;
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  /** The fields of these names that are there, in this order. */
  pick(names: readonly string[]): JsonObject {
    return Object.fromEntries(
      names.map((name) => [name, this.take(name)] as const).filter(([, value]) => value !== undefined),
    );
  }

  /** An inner object; undefined where it is absent, or is something else, which is a problem. */
  section(name: string): Section | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return new Section(value, this.pathOf(name), this.#findings);
    this.#findings.problems.push({ path: this.pathOf(name), summary: 'must be a JSON object' });
    return undefined;
  }

  /** A list of objects; what is none of these is a problem. */
  sections(name: string): Section[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      this.#findings.problems.push({ path: this.pathOf(name), summary: 'must be a list' });
      return undefined;
    }
    return value.flatMap((item, index) => {
      const path = `${this.pathOf(name)}[${index}]`;
      if (isObject(item)) return [new Section(item, path, this.#findings)];
      this.#findings.problems.push({ path, summary: 'must be a JSON object' });
      return [];
    });
  }

  /** A text that is not empty; undefined where it is absent, or is something else, which is a problem. */
  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    this.problem(name, 'must be a text that is not empty');
    return undefined;
  }

  problem(name: string, summary: string): void {
    this.#findings.problems.push({ path: this.pathOf(name), summary });
  }

  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  /** Takes a field and counts it among those left out, if it is there. */
  leaveOut(name: string, reason: string): void {
    if (this.take(name) !== undefined) this.#findings.leftOut.push({ parent: this.path, name, reason });
  }

  /** Whatever has not been taken is left out. */
  finish(): void {
    for (const [name, value] of Object.entries(this.#value))
      if (!this.#taken.has(name) && value !== null) this.#findings.leftOut.push({ parent: this.path, name });
  }
}
