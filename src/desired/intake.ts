import { byText } from '../model/diagnostic.ts';
import type { DesiredRecording, DesiredSet } from '../model/recording.ts';
import type { Snapshot } from '../model/source.ts';
import { Assembly, type Search } from './assemble.ts';
import { Changes, type Ground, type IntakeOptions } from './changes.ts';
import { reading } from './reading.ts';
import type { Surroundings } from './surroundings.ts';

/*
 * The one way from bytes to a snapshot, wherever the files are from. A source says what has become of each file, and
 * `refresh` carries that out:
 *
 *   bytes → stage A: read cache, this thread, other threads → stage B: references → the assembly → Snapshot
 *
 * A file is one of
 *
 *   absent    no part of the set
 *   expected  it is there, and what it says is not known yet
 *   standing  what it says counts
 *   withheld  what it says is kept, and does not count
 *
 *   absent ──expect──▶ expected; absent, expected, withheld ──put──▶ standing
 *   standing ──hold──▶ withheld ──again──▶ standing; any ──remove──▶ absent
 *
 * Those that are expected or withheld are held: known recordings from there are neither changed nor forgotten.
 */

/** Takes files in, and gives what they ask for together. One refresh at a time. */
export class Intake {
  readonly #ground: Ground;
  readonly #assembly = new Assembly();
  readonly #byName = new Map<string, DesiredRecording>();
  #set: DesiredSet | undefined;
  /** What the set depends on besides the files. */
  #beside = '';

  constructor(options: IntakeOptions = {}) {
    this.#ground = { options, files: new Map(), held: new Set(), open: new Set(), read: new WeakMap() };
  }

  /** Changes of files, to be carried out together; to be closed where they are not after all. */
  begin(): Changes {
    return new Changes(this.#ground);
  }

  /** The files that are standing or withheld. */
  files(): Iterable<string> {
    return this.#ground.files.keys();
  }

  /** The ID of a file's content. */
  idOf(file: string): string | undefined {
    return this.#ground.files.get(file)?.id;
  }

  isHeld(file: string): boolean {
    return this.#ground.held.has(file);
  }

  /** A file is there, and is put later. Takes effect at once. */
  expect(file: string): void {
    this.#ground.held.add(file);
  }

  /**
   * Carries changes out, all together at the end.
   * @param search what the search for files has found
   * @param around what a file's references lead to
   * @throws what `around` throws, and the reason for which the files are no longer awaited; then nothing has changed
   */
  async refresh(changes: Changes, search: Search, around: (file: string) => Surroundings): Promise<Snapshot> {
    await changes.run(around);
    changes.close();
    const names = await this.#carryOut(changes);
    await this.#findPlaces();
    const { diagnostics, broken, files, unquoted } = search;
    const beside = JSON.stringify([diagnostics, broken, files, [...this.#ground.held]]);
    const isFirst = this.#set === undefined;
    if (isFirst || changes.done.size > 0 || beside !== this.#beside)
      this.#set = this.#assembly.set(search, this.#ground.held);
    this.#beside = beside;
    // Where lines are not quoted, the set has copies of its own.
    if (isFirst || unquoted?.size) {
      this.#byName.clear();
      for (const recording of this.#set?.recordings ?? []) this.#byName.set(recording.name, recording);
    } else
      for (const name of names) {
        const recording = this.#assembly.recording(name);
        if (recording) this.#byName.set(name, recording);
        else this.#byName.delete(name);
      }
    return { ...this.current(), changed: [...names], files: new Set(changes.done.keys()) };
  }

  /** What the last refresh gave, and that nothing has changed since. There must have been one. */
  current(): Snapshot {
    return { set: this.#set as DesiredSet, byName: this.#byName, changed: [], files: new Set() };
  }

  /** @returns the names of recordings that are to be planned again */
  async #carryOut({ done }: Changes): Promise<Set<string>> {
    const { files, held, options } = this.#ground;
    const decided: string[] = [];
    // In this order each comes last in the assembly.
    for (const [file, next] of [...done].sort(([a], [b]) => byText(a, b))) {
      const pause = options.pace?.();
      if (pause) await pause;
      const before = files.get(file);
      const stood = before?.state === 'standing' ? before.resolved : undefined;
      // Where a reference is being written, what it asked for before stands.
      const resolved = next?.resolved ?? (next?.state === 'standing' ? before?.resolved : undefined);
      // What was withheld is decided about now.
      if (before && !stood)
        for (const { recording } of before.resolved?.documents ?? []) decided.push(recording.name);
      if (next) files.set(file, next.resolved === resolved ? next : { ...next, resolved });
      else files.delete(file);
      const isStanding = next?.state === 'standing' && resolved;
      if (!next || isStanding) held.delete(file);
      if (!isStanding) this.#assembly.remove(file);
      else if (resolved !== stood) this.#assembly.put(resolved);
    }
    const names = this.#assembly.takeTouched();
    for (const name of decided) names.add(name);
    return names;
  }

  /** The places to point at where documents claim the same. Files have to be read for them, so not all at a stretch. */
  async #findPlaces(): Promise<void> {
    for (const document of this.#assembly.disputed()) {
      await reading();
      document.marks();
      await this.#ground.options.pace?.();
    }
  }
}
