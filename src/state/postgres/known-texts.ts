import { hash } from 'node:crypto';
import type { Binding, KnownHead, KnownTable } from '../../model/known.ts';
import { writtenOf } from '../../model/known-map.ts';
import type { KnownRecording } from '../../model/plan.ts';

/** A recording as its row has it. */
export class KnownRow implements KnownHead {
  readonly key: string;
  readonly name: string;
  readonly file: string;
  readonly target?: string;
  readonly account?: string;
  readonly text: string;
  #digest: string | undefined;
  #recording: WeakRef<KnownRecording> | undefined;

  constructor(head: Pick<KnownHead, 'key' | 'name' | 'file'> & Partial<Binding>, text: string) {
    this.key = head.key;
    this.name = head.name;
    this.file = head.file;
    if (head.target !== undefined) this.target = head.target;
    if (head.account !== undefined) this.account = head.account;
    this.text = text;
  }

  static of(recording: KnownRecording, binding: Partial<Binding> = {}): KnownRow {
    const { key, name, file } = recording;
    const { target, account } = binding;
    const bound = {
      ...(target === undefined ? {} : { target }),
      ...(account === undefined ? {} : { account }),
    };
    return new KnownRow({ key, name, file, ...bound }, writtenOf(recording).text);
  }

  get digest(): string {
    this.#digest ??= hash('sha256', this.text, 'base64');
    return this.#digest;
  }

  get hasCredentials(): boolean {
    return this.text.includes('"credentials":');
  }

  /** Parsed when it is asked for, and not held. */
  get recording(): KnownRecording {
    const before = this.#recording?.deref();
    if (before) return before;
    const recording = this.copy();
    this.#recording = new WeakRef(recording);
    return recording;
  }

  /** One that may be changed. */
  copy(): KnownRecording {
    return JSON.parse(this.text) as KnownRecording;
  }
}

/** What is known, in memory as it was written. */
export class KnownTexts implements KnownTable {
  readonly rows = new Map<string, KnownRow>();

  get size(): number {
    return this.rows.size;
  }

  head(key: string): KnownRow | undefined {
    return this.rows.get(key);
  }

  heads(): Iterable<KnownRow> {
    return this.rows.values();
  }

  *named(name: string): Iterable<KnownRow> {
    for (const row of this.rows.values()) if (row.name === name) yield row;
  }

  get(key: string): KnownRecording | undefined {
    return this.rows.get(key)?.recording;
  }

  *values(): Iterable<KnownRecording> {
    for (const row of this.rows.values()) yield row.recording;
  }

  set(key: string, recording: KnownRecording): void {
    this.rows.set(key, KnownRow.of(recording, this.rows.get(key)));
  }

  delete(key: string): void {
    this.rows.delete(key);
  }

  bind(key: string, binding: Partial<Binding>): void {
    const row = this.rows.get(key);
    if (row) this.rows.set(key, new KnownRow({ ...row, ...binding }, row.text));
  }

  /** A table of one recording, to see what an event makes of it. */
  draft(key: string): KnownTexts {
    const draft = new KnownTexts();
    const row = this.rows.get(key);
    // Without what is held of the original, because that must not change before the event is durable.
    if (row) draft.rows.set(key, new KnownRow(row, row.text));
    return draft;
  }
}
