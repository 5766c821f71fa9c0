import { byText, type Diagnostic } from '../model/diagnostic.ts';
import type { Mark } from './checked.ts';
import type { Code } from './codes.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { nameOfFile } from './name.ts';
import { quoted } from './printable.ts';
import type { Claim } from './resolve.ts';
import type { ResolvedDocument } from './self-contained.ts';

/*
 * What may be claimed once only: names and recordings.
 */

/** A document that is used unless another one claims the same, or one that is not used but claims it all the same. */
export type Claimant = ResolvedDocument | Claim;

/** The claims to what must be unique: names and recordings. */
export class Claims {
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

/** The claimants that are not alone with a claim, and what is to be said of each. */
export function collisions(names: Claims, recordings: Claims): Map<Claimant, Diagnostic[]> {
  const twice = new Map<Claimant, Diagnostic[]>();
  for (const group of names.disputed()) {
    const [first, second] = group as [Claimant, Claimant];
    for (const claimant of group)
      twice.set(claimant, [collision(claimant, claimant === first ? second : first, 'duplicate-name')]);
  }
  for (const group of recordings.disputed()) {
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

type About = Pick<Claim, 'name' | 'file'>;

type CollisionCode = Code & ('duplicate-name' | 'duplicate-recording');

/** Whether the document has no error of its own: then it is used unless another one claims the same. */
export function isUsable(claimant: Claimant): claimant is ResolvedDocument {
  return 'recording' in claimant;
}

/** A claimant's name, file and line. */
export function aboutOf(claimant: Claimant): Pick<Claim, 'name' | 'file' | 'line'> {
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
export function sameName(name: string | undefined): string | undefined {
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
