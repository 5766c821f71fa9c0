import { hash } from 'node:crypto';
import type { Binding, KnownHead, KnownTable } from './known.ts';
import type { KnownRecording } from './plan.ts';

/** What is known, in memory: of another commit, of a daemon elsewhere, of the journal of an earlier version. */
export class KnownMap extends Map<string, KnownRecording> implements KnownTable {
  readonly #bindings = new Map<string, Partial<Binding>>();

  head(key: string): KnownHead | undefined {
    const recording = this.get(key);
    return recording && this.#headOf(recording);
  }

  *heads(): Iterable<KnownHead> {
    for (const recording of this.values()) yield this.#headOf(recording);
  }

  *named(name: string): Iterable<KnownHead> {
    for (const recording of this.values()) if (recording.name === name) yield this.#headOf(recording);
  }

  #headOf(recording: KnownRecording): KnownHead {
    const { key, name, file } = recording;
    return {
      ...this.#bindings.get(key),
      ...{ key, name, file },
      get digest() {
        return writtenOf(recording).digest;
      },
      get hasCredentials() {
        return writtenOf(recording).hasCredentials;
      },
    };
  }

  bind(key: string, binding: Partial<Binding>): void {
    if (this.has(key)) this.#bindings.set(key, { ...this.#bindings.get(key), ...binding });
  }

  override delete(key: string): boolean {
    this.#bindings.delete(key);
    return super.delete(key);
  }
}

/** How a recording is written down, and what its head says of that. */
export function writtenOf(recording: KnownRecording): {
  readonly text: string;
  readonly digest: string;
  readonly hasCredentials: boolean;
} {
  const text = JSON.stringify(recording);
  return { text, digest: hash('sha256', text, 'base64'), hasCredentials: text.includes(CREDENTIALS) };
}

const CREDENTIALS = '"credentials":';
