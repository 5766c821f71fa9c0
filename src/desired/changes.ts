import { AT_ONCE, eachBounded, type Stop } from '../model/turns.ts';
import type { Bounds } from './bounds.ts';
import type { CheckedFile } from './checked.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { LEADS_OUT, LINK_WAY, wholeFile } from './find.ts';
import type { ReadCache } from './read-cache.ts';
import { type ResolvedFile, resolveFile, resolveNow, saysTheSame } from './resolve.ts';
import { mayChange } from './self-contained.ts';
import type { FileBytes, Surroundings } from './surroundings.ts';
import { ManyFiles } from './threads.ts';

export interface IntakeOptions {
  /**
   * What reading the files gave last time; left out, all of them are read in full. What a file that is still the same
   * says beyond what it is about can be asked for only after `reading` was waited for.
   */
  readCache?: ReadCache | undefined;
  /** Whether the identity of such a file is all that will be read of it; left out: always. */
  isEnough?: ((recalled: CheckedFile) => boolean) | undefined;
  /** What files may name; left out, everything. */
  bounds?: Bounds | undefined;
  /** Called at every step of long work: now and then it returns a promise to await. Left out, it never yields. */
  pace?: () => Promise<void> | undefined;
  /** Files whose references are followed at the same time; left out, as many as are read at the same time. */
  atOnce?: number;
  /** Aborts when the files are no longer awaited. */
  until?: AbortSignal | undefined;
}

/** What is known of a file that was read. */
export interface Taken {
  id?: string | undefined;
  checked: CheckedFile;
  /** What it asks for. Left out while a reference is being written: what it asked for before stands. */
  resolved?: ResolvedFile | undefined;
  state: 'standing' | 'withheld';
}

/** What changes are about; belongs to the intake. */
export interface Ground {
  options: IntakeOptions;
  files: Map<string, Taken>;
  /** Files that are there or may come back, and do not count. */
  held: Set<string>;
  /** Changes that are not carried out yet. */
  open: Set<Changes>;
  /** What was read, until it is asked for. */
  read: WeakMap<Uint8Array, CheckedFile>;
}

/** How a content is put in. */
export interface Putting {
  /** Its ID, where the source tracks content by ID. */
  id?: string | undefined;
  /**
   * Whether what it says counts; asked once it was read. One that does not count is dropped. Left out: it does.
   * @param changes those that it would be among
   */
  counts?: ((checked: CheckedFile, changes: Changes) => boolean) | undefined;
}

interface Unread extends Putting {
  bytes: Uint8Array;
}

/**
 * What has become of files, on its way through both stages. Nothing of it counts before the intake carries it out. What
 * is said of a file takes the place of what other open changes have of it.
 */
export class Changes {
  readonly #ground: Ground;
  readonly #many: ManyFiles;
  /** For stage A. */
  readonly #unread = new Map<string, Unread>();
  /** For stage B. */
  readonly #unresolved = new Map<string, Taken>();
  readonly #done = new Map<string, Taken | undefined>();

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#many = new ManyFiles(ground.options.until);
    ground.open.add(this);
  }

  /** What has gone through both stages; undefined: the file is gone. */
  get done(): ReadonlyMap<string, Taken | undefined> {
    return this.#done;
  }

  /**
   * A file has a content.
   * @param content its bytes, why there are none, or what it says, where that was read before
   * @returns something to wait for before the next, if anything
   */
  put(file: string, content: FileBytes | CheckedFile, how: Putting = {}): Promise<void> | undefined {
    this.claim(file);
    if (!(content instanceof Uint8Array)) {
      const isRead = typeof content === 'object' && 'documents' in content;
      this.#take(file, isRead ? content : checkNoBytes(content, file), how);
      return undefined;
    }
    // Where there is an ID, `recall` was asked.
    const known = how.id === undefined ? this.#ground.options.readCache?.recall(content, file) : undefined;
    if (!known || !this.#isEnough(known)) return this.#readLater(file, { ...how, bytes: content });
    this.#take(file, known, how);
    return undefined;
  }

  /**
   * The same for a content of which the read cache says enough.
   * @param bytes gives it, in case more is asked for all the same
   * @returns whether it does; if not, nothing was put
   */
  recall(file: string, id: string, bytes: () => Uint8Array): boolean {
    const known = this.#ground.options.readCache?.recallById(id, file, bytes);
    if (!known || !this.#isEnough(known)) return false;
    this.claim(file);
    this.#take(file, known, { id });
    return true;
  }

  /** What was last put of a file counts; its references are followed again. */
  again(file: string): void {
    this.claim(file);
    if (this.#unread.has(file) || this.#unresolved.has(file)) return;
    const taken = this.#done.get(file) ?? this.#ground.files.get(file);
    if (taken) this.#follow(file, { ...taken, state: 'standing' });
  }

  /** A file is gone for a moment, and may come back: what it says is withheld. It is held at once. */
  hold(file: string): void {
    this.claim(file);
    const taken = this.#unresolved.get(file) ?? this.#done.get(file) ?? this.#ground.files.get(file);
    this.#unresolved.delete(file);
    if (taken) this.#done.set(file, { ...taken, state: 'withheld' });
    this.#ground.held.add(file);
  }

  /** A file is gone. */
  remove(file: string): void {
    this.claim(file);
    this.#unread.delete(file);
    this.#unresolved.delete(file);
    this.#done.set(file, undefined);
  }

  /** What other open changes have of a file is carried out with these. */
  claim(file: string): void {
    for (const other of this.#ground.open) {
      if (other === this) continue;
      const unread = other.#unread.get(file);
      const unresolved = other.#unresolved.get(file);
      if (unread) void this.#readLater(file, unread);
      if (unresolved) this.#unresolved.set(file, unresolved);
      if (other.#done.has(file)) this.#done.set(file, other.#done.get(file));
      for (const each of [other.#unread, other.#unresolved, other.#done]) each.delete(file);
    }
  }

  /**
   * Both stages.
   * @param around what a file's references lead to
   * @returns false where it yielded: then it is to be called again
   * @throws what `around` throws, and the reason for which the files are no longer awaited
   */
  async run(around: (file: string) => Surroundings, stop?: Stop): Promise<boolean> {
    return (await this.#readAll(stop)) && (await this.#resolveAll(around, stop));
  }

  /** They are not awaited any more: stops other threads. */
  close(): void {
    this.#many.leave();
    this.#ground.open.delete(this);
  }

  #isEnough(recalled: CheckedFile): boolean {
    return this.#ground.options.isEnough?.(recalled) ?? true;
  }

  #readLater(file: string, unread: Unread): Promise<void> | undefined {
    const { bytes } = unread;
    const { read } = this.#ground;
    this.#unread.set(file, unread);
    return read.has(bytes)
      ? undefined
      : this.#many.add({ file, bytes }, (checked) => void read.set(bytes, checked));
  }

  /** Stage A. @returns whether it came to its end */
  async #readAll(stop: Stop | undefined): Promise<boolean> {
    const { read, options } = this.#ground;
    if (!(await this.#many.end(stop))) return false;
    for (const [file, { bytes, ...how }] of this.#unread) {
      const pause = options.pace?.();
      if (pause) await pause;
      const checked = read.get(bytes) as CheckedFile;
      this.#take(file, options.readCache?.learn(bytes, checked, how.id) ?? checked, how);
      if (this.#unread.size > 0 && stop?.isDue()) return false;
    }
    return true;
  }

  #take(file: string, checked: CheckedFile, { id, counts }: Putting): void {
    this.#unread.delete(file);
    if (counts && !counts(checked, this)) return;
    this.#unresolved.delete(file);
    this.#follow(file, { id, checked, state: 'standing' });
  }

  /** Most are resolved at once: ten thousand promises would take longer than that. */
  #follow(file: string, taken: Taken): void {
    const { checked } = taken;
    const resolved =
      taken.resolved && !mayChange(checked)
        ? taken.resolved
        : resolveNow(checked, this.#ground.options.bounds);
    if (resolved) this.#finish(file, { id: taken.id, checked, resolved, state: taken.state });
    else this.#unresolved.set(file, taken);
  }

  /** Stage B. @returns whether it came to its end */
  async #resolveAll(around: (file: string) => Surroundings, stop: Stop | undefined): Promise<boolean> {
    const { atOnce = AT_ONCE } = this.#ground.options;
    while (this.#unresolved.size > 0) {
      const part: string[] = [];
      for (const file of this.#unresolved.keys()) if (part.push(file) === atOnce) break;
      await eachBounded(part, (file) => this.#resolve(file, around(file)));
      if (this.#unresolved.size > 0 && stop?.isDue()) return false;
    }
    return true;
  }

  async #resolve(file: string, surroundings: Surroundings): Promise<void> {
    await this.#ground.options.pace?.();
    const taken = this.#unresolved.get(file) as Taken;
    const { checked, resolved: before } = taken;
    const after = await resolveFile(checked, surroundings);
    const isAtRest = surroundings.isAtRest?.() ?? true;
    const isSame = !isAtRest || (before && saysTheSame(before, after));
    this.#finish(file, { ...taken, resolved: isSame ? before : after });
    this.#unresolved.delete(file);
  }

  #finish(file: string, next: Taken): void {
    const now = this.#ground.files.get(file);
    const isSame =
      now?.checked === next.checked && now.resolved === next.resolved && now.state === next.state;
    if (isSame && !this.#ground.held.has(file)) this.#done.delete(file);
    else this.#done.set(file, next);
  }
}

/** Of a file that gave no bytes: the diagnostic that says so. */
function checkNoBytes(bytes: Exclude<FileBytes, Uint8Array>, shown: string): CheckedFile {
  const [code, summary, detail] =
    bytes === 'missing'
      ? (['file-unreadable', 'the file went away while it was read'] as const)
      : bytes.outOfBounds
        ? (['link-out-of-bounds', LEADS_OUT, LINK_WAY] as const)
        : ([bytes.tooLarge ? 'file-too-large' : 'file-unreadable', bytes.error] as const);
  return { file: shown, documents: [], diagnostics: [diagnosticAt(wholeFile(shown), code, summary, detail)] };
}
