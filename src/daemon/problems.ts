import { detailOf } from '../model/diagnostic.ts';
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
