import { byPlace, byText, type Diagnostic, gathered } from '../model/diagnostic.ts';
import type { DesiredRecording, DesiredSet } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import type { Mark } from './checked.ts';
import type { Code } from './codes.ts';
import { nameOfFile } from './name.ts';
import { quoted } from './printable.ts';
import { type Claim, diagnosticAt, type ResolvedFile, unquoted } from './resolve.ts';
import type { ResolvedDocument } from './self-contained.ts';

/** What the search for files has found wrong, and how many it has found. */
export interface Search {
  diagnostics: Diagnostic[];
  /** Files and folders that could not be read. */
  broken: string[];
  files: number;
  /** Files of which no line is quoted, because links lead out of the folder to them. */
  unquoted?: ReadonlySet<string>;
}

/** A document that is used unless another one claims the same, or one that is not used but claims it all the same. */
type Claimant = ResolvedDocument | Claim;

/**
 * All files together: names and recordings must be unique across them; where they are not, both places are in
 * error and neither document is used. A document that is left out for another error counts, too. The outcome does
 * not depend on the order of `files`.
 */
export function assemble(files: readonly ResolvedFile[], search: Search): DesiredSet {
  return new Assembly(files).set(search);
}

/**
 * The files of a set, one at a time: taking one in or out costs what that file holds, however many there are.
 * Only `set` passes over all of them, and does next to nothing for each.
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
  readonly #touched = new Set<string>();

  constructor(files: readonly ResolvedFile[] = []) {
    // In this order each comes last.
    for (const file of [...files].sort((a, b) => byText(a.file, b.file))) this.put(file);
  }

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
    const touched = new Set(this.#touched);
    this.#touched.clear();
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
    const twice = this.#collisions();
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

  #collisions(): Map<Claimant, Diagnostic[]> {
    const twice = new Map<Claimant, Diagnostic[]>();
    for (const group of this.#names.disputed()) {
      const [first, second] = group as [Claimant, Claimant];
      for (const claimant of group)
        twice.set(claimant, [collision(claimant, claimant === first ? second : first, 'duplicate-name')]);
    }
    for (const group of this.#recordings.disputed()) {
      const [first] = group as [Claimant];
      const second = group.find((one) => one !== first && !isNamedLike(one, first));
      for (const claimant of group) {
        const other = claimant === first || isNamedLike(claimant, first) ? second : first;
        // For a plain copy the duplicate name is reported already.
        const more = other ? [collision(claimant, other, 'duplicate-recording')] : [];
        twice.set(claimant, [...(twice.get(claimant) ?? []), ...more]);
      }
    }
    return twice;
  }
}

type About = Pick<Claim, 'name' | 'file'>;

type CollisionCode = Code & ('duplicate-name' | 'duplicate-recording');

/** The claims to what must be unique: names and recordings. */
class Claims {
  readonly #keyOf: (claimant: Claimant) => string | undefined;
  /** A key has nearly always one claimant; only several make a set. */
  readonly #claimants = new Map<string, Claimant | Set<Claimant>>();
  /** Keys that more than one document claims. */
  readonly #disputed = new Set<string>();

  constructor(keyOf: (claimant: Claimant) => string | undefined) {
    this.#keyOf = keyOf;
  }

  /** @param touched takes the names of all recordings whose claim is another one now */
  add(claimant: Claimant, touched: Set<string>): void {
    touch(claimant, touched);
    const key = this.#keyOf(claimant);
    if (key === undefined) return;
    const before = this.#claimants.get(key);
    if (before === undefined) {
      this.#claimants.set(key, claimant);
      return;
    }
    const group = (before instanceof Set ? before : new Set([before])).add(claimant);
    if (group.size < 2) return;
    this.#claimants.set(key, group);
    this.#disputed.add(key);
    for (const one of group) touch(one, touched);
  }

  /** @param touched takes the names of all recordings whose claim is another one now */
  drop(claimant: Claimant, touched: Set<string>): void {
    touch(claimant, touched);
    const key = this.#keyOf(claimant);
    const group = key === undefined ? undefined : this.#claimants.get(key);
    if (key === undefined || group === undefined) return;
    if (!(group instanceof Set)) {
      if (group === claimant) this.#claimants.delete(key);
      return;
    }
    if (!group.delete(claimant)) return;
    for (const one of group) touch(one, touched);
    const [last, second] = group;
    if (second) return;
    this.#disputed.delete(key);
    if (last) this.#claimants.set(key, last);
    else this.#claimants.delete(key);
  }

  /** The only claimant of a key; undefined where there are none or several. */
  sole(key: string): Claimant | undefined {
    const claimant = this.#claimants.get(key);
    return claimant instanceof Set ? undefined : claimant;
  }

  /** Whether another document claims the same name or recording. */
  isDisputed(claimant: Claimant): boolean {
    const key = this.#keyOf(claimant);
    return key !== undefined && this.#disputed.has(key);
  }

  /** The claimants of each disputed key, in the order of the files and their lines. */
  disputed(): Claimant[][] {
    return [...this.#disputed].map((key) =>
      [...(this.#claimants.get(key) as Set<Claimant>)].sort(byFileAndLine),
    );
  }
}

/** Whether the document has no error of its own: then it is used unless another one claims the same. */
function isUsable(claimant: Claimant): claimant is ResolvedDocument {
  return 'recording' in claimant;
}

/** A claimant's name, file and line. */
function aboutOf(claimant: Claimant): Pick<Claim, 'name' | 'file' | 'line'> {
  return isUsable(claimant) ? claimant.recording : claimant;
}

/** A mere claim gives no recording, so only the names of usable documents are touched. */
function touch(claimant: Claimant, touched: Set<string>): void {
  if (isUsable(claimant)) touched.add(claimant.recording.name);
}

function isNamedLike(one: Claimant, other: Claimant): boolean {
  const name = sameName(aboutOf(one).name);
  return name !== undefined && name === sameName(aboutOf(other).name);
}

/** Names that look the same are the same, whichever characters of Unicode they are written with. */
function sameName(name: string | undefined): string | undefined {
  return name?.normalize('NFKC');
}

function byFileAndLine(one: Claimant, other: Claimant): number {
  const [a, b] = [aboutOf(one), aboutOf(other)];
  return byText(a.file, b.file) || a.line - b.line;
}

function collision(claimant: Claimant, other: Claimant, code: CollisionCode): Diagnostic {
  const named = code === 'duplicate-name';
  const mark = markOf(claimant, named);
  const { start, filename } = markOf(other, named).range;
  const what = named
    ? `the name ${quoted(aboutOf(claimant).name ?? '')} is used`
    : 'this recording is described';
  const detail = named
    ? wayToOwnName(aboutOf(claimant), aboutOf(other))
    : 'appId, resourceId and sid are the same. Keep one of the two.';
  return diagnosticAt(mark, code, `${what} in ${filename}:${start.line} as well`, detail);
}

/** The place of what must be unique: the name, or else the recording. */
function markOf({ marks }: Claimant, named: boolean): Mark {
  const places = marks();
  return (places[named ? '/name' : '/recording'] ?? places['']) as Mark;
}

/** @param about where both of a name stand */
function wayToOwnName({ name = '', file }: About, other: About): string {
  if (name !== other.name)
    return 'The two look the same, but are written with other characters of Unicode. Rename one of them.';
  const isOfFile = (about: About) => nameOfFile(about.file) === name;
  if (!isOfFile({ name, file }) || !isOfFile(other) || file === other.file) return 'Rename one of the two.';
  const folders = ownFolders(file, other.file);
  const one = folders.length > 0 ? folders : ownFolders(other.file, file);
  if (one.length === 0) return 'Both are called after their files: rename one of the two files.';
  const which = folders.length > 0 ? 'one' : 'the other one';
  return `Both are called after their files. Keep these, and give ${which} a name of its own: name: ${[...one, name].join('-')}`;
}

/** The folders of a file below those that it shares with another one. */
function ownFolders(file: string, other: string): string[] {
  const [folders, others] = [file, other].map((path) => path.split('/').slice(0, -1)) as [string[], string[]];
  const first = folders.findIndex((folder, index) => folder !== others[index]);
  return first === -1 ? [] : folders.slice(first);
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
