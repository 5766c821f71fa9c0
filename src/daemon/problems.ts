import { detailOf } from '../model/diagnostic.ts';
import type { KnownRecording } from '../model/plan.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Snapshot } from '../model/source.ts';
import type { Logger } from './log.ts';

/**
 * Logs each diagnostic of the files once, for as long as it applies, and for each file once that it has no error any
 * more.
 */
export class Problems {
  readonly #log: Logger;
  #told = new Set<string>();
  /** Files with errors. */
  #wrong = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  tell({ set, commit }: Snapshot): void {
    const now = new Set<string>();
    const wrong = new Set<string>();
    for (const diagnostic of set.diagnostics) {
      const { severity, code, summary, range } = diagnostic;
      const detail = detailOf(diagnostic);
      const { line, column } = range.start;
      // The time that is left goes down from refresh to refresh.
      const said = code === 'sts-expires-soon' ? '' : summary;
      const id = `${range.filename}:${line}:${column} ${code} ${said}`;
      now.add(id);
      if (severity === 'error') wrong.add(range.filename);
      if (this.#told.has(id)) continue;
      const asked = commit ? { commit: commit.sha } : {};
      const about = { file: range.filename, line, column, code, ...(detail ? { detail } : {}), ...asked };
      this.#log[severity === 'error' ? 'error' : 'warn'](about, summary);
    }
    for (const file of this.#wrong)
      if (!wrong.has(file)) this.#log.info({ file }, 'it has no error any more');
    this.#told = now;
    this.#wrong = wrong;
  }
}

/** Why nothing may follow from this snapshot: an empty or missing folder is far more often a mistake than intended. */
export function emptiness({ set }: Snapshot, known: number): string | undefined {
  const missing = set.diagnostics.find(({ code }) => code === 'directory-not-found');
  if (missing) return missing.summary;
  if (set.files > 0 || set.broken.length > 0 || known === 0) return undefined;
  return `there are no recording files, but ${known} recording${known === 1 ? ' is' : 's are'} known: nothing is changed`;
}

/** Known recordings of these names that no document claims any more; none while something is wrong in a file or folder. */
export function abandonedKeys(
  snapshot: Snapshot,
  known: Iterable<KnownRecording>,
  names: ReadonlySet<string>,
): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  if (snapshot.set.broken.length > 0) return keys;
  const elsewhere: KnownRecording[] = [];
  for (const recording of known) {
    if (!names.has(recording.name)) continue;
    const identity = snapshot.byName.get(recording.name)?.identity;
    if (!identity || recordingKey(identity) !== recording.key) elsewhere.push(recording);
  }
  if (elsewhere.length === 0) return keys;
  // Done last, because it goes through everything: a recording that a document of another name claims was only renamed.
  const claimed = new Set(
    [...snapshot.byName.values()].flatMap(({ identity }) => (identity ? [recordingKey(identity)] : [])),
  );
  for (const { key, name } of elsewhere)
    if (!claimed.has(key)) keys.set(name, [...(keys.get(name) ?? []), key]);
  return keys;
}
