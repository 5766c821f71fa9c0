import { byPlace, byText, type Diagnostic, gathered } from '../model/diagnostic.ts';
import type { DesiredRecording, DesiredSet } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { aboutOf, type Claimant, Claims, collisions, isUsable, sameName } from './claims.ts';
import { unquoted } from './diagnostic-at.ts';
import type { ResolvedFile } from './resolve.ts';

/** What the search for files has found wrong, and how many it has found. */
export interface Search {
  diagnostics: Diagnostic[];
  /** Files and folders that could not be read. */
  broken: string[];
  files: number;
  /** Files of which no line is quoted, because links lead out of the folder to them. */
  unquoted?: ReadonlySet<string>;
}

/**
 * All files together: names and recordings must be unique across them; where they are not, both places are in
 * error and neither document is used. A document that is left out for another error counts, too.
 *
 * Files come one at a time: taking one in or out costs what that file holds, however many there are. Only `set` passes
 * over all of them, and does next to nothing for each. The outcome does not depend on the order in which they came.
 */
export class Assembly {
  /** By the files' names. */
  readonly #files: ResolvedFile[] = [];
  readonly #names = new Claims((claimant) => sameName(aboutOf(claimant).name));
  readonly #recordings = new Claims((claimant) => {
    if (!isUsable(claimant)) return claimant.key;
    const { identity } = claimant.recording;
    return identity && recordingKey(identity);
  });
  #touched = new Set<string>();

  /** Documents that claim what another one claims, too. */
  disputed(): Claimant[] {
    return [...this.#names.disputed(), ...this.#recordings.disputed()].flat();
  }

  /** Takes a file in, in the place of the one of that name. */
  put(file: ResolvedFile): void {
    const { diagnostics } = file;
    this.#replace(file.file, diagnostics.length < 2 ? file : { ...file, diagnostics: distinct(diagnostics) });
  }

  remove(file: string): void {
    this.#replace(file, undefined);
  }

  /** Names of the recordings that may have become others since this was last asked. */
  takeTouched(): Set<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** The recording of that name, where one document alone gives it. */
  recording(name: string): DesiredRecording | undefined {
    const document = this.#names.sole(sameName(name) as string);
    if (
      !document ||
      aboutOf(document).name !== name ||
      !isUsable(document) ||
      this.#recordings.isDisputed(document)
    )
      return undefined;
    return document.recording;
  }

  /**
   * The set as it stands.
   * @param held files besides that must be taken for neither changed nor gone
   */
  set(search: Search, held: Iterable<string> = []): DesiredSet {
    const twice = collisions(this.#names, this.#recordings);
    const recordings = [];
    // Files may have come since the search.
    const isStale = ({ code }: Diagnostic) => code === 'no-recording-files' && search.files > 0;
    const diagnostics = search.diagnostics.filter((each) => !isStale(each));
    /** Files that several may speak of. */
    const shared = new Set<string>();
    const broken = new Set([...search.broken, ...held]);
    for (const file of this.#files) {
      for (const document of file.documents) if (!twice.has(document)) recordings.push(document.recording);
      for (const diagnostic of file.diagnostics) {
        diagnostics.push(diagnostic);
        if (diagnostic.range.filename !== file.file) shared.add(diagnostic.range.filename);
      }
      if (file.broken) broken.add(file.file);
    }
    for (const claimant of twice.keys()) {
      broken.add(aboutOf(claimant).file);
      // A disputed document is not planned, so its unresolved references are reported here.
      if (isUsable(claimant)) diagnostics.push(...claimant.recording.unresolved);
    }
    for (const more of twice.values()) diagnostics.push(...more);
    const isShared = ({ range }: Diagnostic) => shared.has(range.filename);
    const isUnquoted = ({ range }: Pick<Diagnostic, 'range'>) =>
      search.unquoted?.has(range.filename) === true;
    for (const [index, each] of diagnostics.entries())
      if (isUnquoted(each)) diagnostics[index] = unquoted(each);
    return {
      recordings: search.unquoted?.size
        ? recordings.map((each) => withoutQuotes(each, isUnquoted))
        : recordings,
      diagnostics: [
        ...gathered(
          shared.size === 0
            ? diagnostics
            : [...diagnostics.filter((each) => !isShared(each)), ...distinct(diagnostics.filter(isShared))],
        ),
      ].sort(byPlace),
      broken: [...broken].sort(byText),
      files: search.files,
    };
  }

  #replace(name: string, file: ResolvedFile | undefined): void {
    const at = this.#placeOf(name);
    const before = this.#files[at]?.file === name ? this.#files[at] : undefined;
    if (before) this.#eachClaim(before, (claims, claimant) => claims.drop(claimant, this.#touched));
    this.#files.splice(at, before ? 1 : 0, ...(file ? [file] : []));
    if (file) this.#eachClaim(file, (claims, claimant) => claims.add(claimant, this.#touched));
  }

  #eachClaim(file: ResolvedFile, act: (claims: Claims, claimant: Claimant) => void): void {
    for (const claims of [this.#names, this.#recordings]) {
      for (const document of file.documents) act(claims, document);
      for (const claim of file.claims) act(claims, claim);
    }
  }

  /** Where in the order a file of this name stands, or would. */
  #placeOf(name: string): number {
    let from = 0;
    let to = this.#files.length;
    // Behind the last, as when all are put in one after another.
    const last = this.#files[to - 1];
    if (!last || last.file < name) return to;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#files[middle] as ResolvedFile).file < name) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Later diagnostics quote lines of the recording's file, too. */
function withoutQuotes(
  recording: DesiredRecording,
  isUnquoted: (one: Pick<Diagnostic, 'range'>) => boolean,
): DesiredRecording {
  const { unresolved, credentialsAt } = recording;
  const at = credentialsAt && isUnquoted(credentialsAt) ? credentialsAt : undefined;
  if (!at && !unresolved.some(isUnquoted)) return recording;
  return {
    ...recording,
    unresolved: unresolved.map((each) => (isUnquoted(each) ? unquoted(each) : each)),
    ...(at ? { credentialsAt: unquoted(at) } : {}),
  };
}

/** An alias, or an identity file that two documents name, shows one mistake twice: it is said once. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}
