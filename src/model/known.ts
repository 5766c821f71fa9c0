import type { KnownRecording } from './plan.ts';

/** Which service a recording was applied to, and with which account. */
export interface Binding {
  /** "agora", or the origins that `--endpoint` named, in their order, with blanks between. */
  target: string;
  /** A keyed fingerprint of the customer ID. */
  account: string;
}

/** What of a known recording is at hand without reading it. Absent parts of the binding: nothing was sent since it is kept. */
export interface KnownHead extends Partial<Binding> {
  readonly key: string;
  readonly name: string;
  readonly file: string;
  /** Of all that is known of it but its binding: two that are equal stand for the same. */
  readonly digest: string;
  /** Whether a program may have given the recording credentials. */
  readonly hasCredentials: boolean;
}

/**
 * Everything known, by `recordingKey`. Heads are at hand; a recording itself is read, and parsed, each time it is asked
 * for and not in use elsewhere: of ten thousand most are not asked about.
 */
export interface Known {
  readonly size: number;
  head(key: string): KnownHead | undefined;
  heads(): Iterable<KnownHead>;
  /** Heads by this name: one, mostly. */
  named(name: string): Iterable<KnownHead>;
  /** Reads one recording. */
  get(key: string): KnownRecording | undefined;
  /** Reads one recording after the other. */
  values(): Iterable<KnownRecording>;
}

/** The same, as the fold of events changes it. */
export interface KnownTable extends Known {
  /** Takes over what was changed in a recording that `get` gave, or a new one. */
  set(key: string, recording: KnownRecording): void;
  delete(key: string): void;
  /** Says where a recording was applied, without reading it. */
  bind(key: string, binding: Partial<Binding>): void;
}
