import { cp, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Doc, FILES, textOf, type Version } from './documents.ts';
import type { Truth } from './truth.ts';

/*
 * Several writers, who edit the files in every way in which files are edited. Two of them never write the same file at
 * once: what it says in the end must be known.
 */

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Desk {
  docs: readonly Doc[];
  /** Below the folder of recordings; undefined while it is deleted. */
  path: string | undefined;
  home: string;
  isBusy: boolean;
  versions: Map<string, Version>;
}

type Edit = (desk: Desk, random: () => number) => Promise<void>;

export class Writers {
  readonly #root: string;
  readonly #truth: Truth;
  readonly #desks: Desk[];
  readonly counts: Record<string, number> = {};
  #names = 0;

  constructor(root: string, truth: Truth) {
    this.#root = root;
    this.#truth = truth;
    this.#desks = FILES.map(({ path, docs }) => ({
      docs,
      path,
      home: path,
      isBusy: false,
      versions: new Map(),
    }));
  }

  /** Writes every file for the first time. */
  async begin(): Promise<void> {
    for (const desk of this.#desks) await this.#replace(desk, () => 1);
  }

  /** One writer, until the signal. */
  async work(random: () => number, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const [kind, edit] = this.#draw(random);
      const desk = this.#desks[Math.floor(random() * this.#desks.length)] as Desk;
      if (!desk.isBusy) {
        desk.isBusy = true;
        await edit(desk, random).finally(() => {
          desk.isBusy = false;
        });
        this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      }
      await pause(random() < 0.05 ? 1_000 : 10 + random() * 150);
    }
  }

  /** A last version of everything that is there. */
  async finish(random: () => number): Promise<void> {
    for (const desk of this.#desks) if (desk.path) await this.#replace(desk, random);
  }

  #draw(random: () => number): [string, Edit] {
    const edits: [number, string, Edit][] = [
      [20, 'replaced', (desk, r) => this.#replace(desk, r)],
      [20, 'in place', (desk, r) => this.#inPlace(desk, r)],
      [20, 'in pieces', (desk, r) => this.#inPieces(desk, r)],
      [4, 'suspended', (desk, r) => this.#suspend(desk, r)],
      [5, 'broken for a while', (desk, r) => this.#breakForAWhile(desk, r)],
      [6, 'deleted', (desk) => this.#remove(desk)],
      [5, 'moved', (desk) => this.#move(desk)],
      [2, 'folder away and back', (desk, r) => this.#folderAway(desk, r)],
      [2, 'root swapped', (desk, r) => this.#swapRoot(desk, r)],
    ];
    let left = random() * edits.reduce((sum, [weight]) => sum + weight, 0);
    const drawn = edits.find(([weight]) => {
      left -= weight;
      return left < 0;
    });
    const [, kind, edit] = drawn ?? (edits[0] as (typeof edits)[number]);
    return [kind, edit];
  }

  /** New versions for some of a file's documents, at least one; none is suspended unless it is said. */
  #nextText(desk: Desk, random: () => number, suspended = false): string {
    const chosen = desk.docs.filter(() => random() < 0.6);
    for (const { name } of desk.docs) {
      const before = desk.versions.get(name);
      const changes =
        !before || before.suspended || chosen.length === 0 || chosen.some((doc) => doc.name === name);
      if (changes) desk.versions.set(name, this.#truth.next(name, suspended));
    }
    return this.#text(desk);
  }

  #text({ docs, versions }: Desk): string {
    return docs.map((doc) => textOf(doc, versions.get(doc.name) as Version)).join('---\n');
  }

  #flux({ docs }: Desk): void {
    for (const { name } of docs) this.#truth.note(name, { is: 'flux' });
  }

  #settled({ docs, versions, path }: Desk): void {
    for (const { name } of docs)
      this.#truth.note(name, path ? { is: 'there', ...(versions.get(name) as Version) } : { is: 'gone' });
  }

  /** Where a file stands; a deleted one comes back at its first place. */
  #place(desk: Desk): string {
    desk.path ??= desk.home;
    return join(this.#root, 'recordings', desk.path);
  }

  async #replace(desk: Desk, random: () => number, suspended = false): Promise<void> {
    const aside = join(this.#root, `aside-${this.#names++}`);
    this.#flux(desk);
    const place = this.#place(desk);
    await writeFile(aside, this.#nextText(desk, random, suspended));
    await mkdir(dirname(place), { recursive: true });
    await rename(aside, place);
    this.#settled(desk);
  }

  async #inPlace(desk: Desk, random: () => number): Promise<void> {
    this.#flux(desk);
    const place = this.#place(desk);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, this.#nextText(desk, random));
    this.#settled(desk);
  }

  /** Cut off anywhere, with pauses now and then; only of a file that is there, because none says how long it will be. */
  async #inPieces(desk: Desk, random: () => number): Promise<void> {
    if (!desk.path) return this.#replace(desk, random);
    this.#flux(desk);
    const text = this.#nextText(desk, random);
    const file = await open(this.#place(desk), 'w');
    try {
      for (let from = 0; from < text.length; ) {
        // At the end of a line, or within one.
        const drawn = from + 1 + Math.floor(random() * text.length);
        const line = text.indexOf('\n', drawn);
        const to = random() < 0.5 && line >= 0 ? line + 1 : drawn;
        await file.write(text.slice(from, to));
        if (to < text.length) await pause(random() < 0.15 ? 50 + random() * 900 : random() * 20);
        from = to;
      }
    } finally {
      await file.close();
    }
    this.#settled(desk);
  }

  async #suspend(desk: Desk, random: () => number): Promise<void> {
    await this.#replace(desk, random, true);
    await pause(200 + random() * 4_000);
    await this.#replace(desk, random);
  }

  async #breakForAWhile(desk: Desk, random: () => number): Promise<void> {
    if (!desk.path) return;
    this.#flux(desk);
    const wrongs = ['recording: [', 'name: m0\n\tlayout: 1\n', '{"a": ', `${this.#text(desk)}colour: red\n`];
    await writeFile(this.#place(desk), wrongs[Math.floor(random() * wrongs.length)] as string);
    for (const { name } of desk.docs) this.#truth.note(name, { is: 'broken' });
    await pause(100 + random() * 4_000);
    await this.#replace(desk, random);
  }

  async #remove(desk: Desk): Promise<void> {
    if (!desk.path) return;
    this.#flux(desk);
    await rm(this.#place(desk));
    desk.path = undefined;
    this.#settled(desk);
  }

  async #move(desk: Desk): Promise<void> {
    if (!desk.path) return;
    this.#flux(desk);
    const from = this.#place(desk);
    desk.path = join(dirname(desk.path), `moved-${this.#names++}.yaml`);
    await rename(from, this.#place(desk));
    this.#settled(desk);
  }

  /** Takes the desks that a folder's edit needs beside its own; does nothing where another writer is at one. */
  async #together(
    own: Desk,
    which: (desk: Desk) => boolean,
    act: (desks: Desk[]) => Promise<void>,
  ): Promise<void> {
    const desks = this.#desks.filter(which);
    const others = desks.filter((desk) => desk !== own);
    if (others.some(({ isBusy }) => isBusy)) return;
    for (const desk of others) desk.isBusy = true;
    try {
      await act(desks);
    } finally {
      for (const desk of others) desk.isBusy = false;
    }
  }

  async #folderAway(own: Desk, random: () => number): Promise<void> {
    await this.#together(
      own,
      ({ home }) => home.startsWith('east/'),
      async (desks) => {
        const there = desks.filter(({ path }) => path);
        if (there.length === 0) return;
        const [place, aside] = [join(this.#root, 'recordings/east'), join(this.#root, 'aside-east')];
        for (const desk of there) this.#flux(desk);
        await rename(place, aside);
        for (const { docs } of there) for (const { name } of docs) this.#truth.note(name, { is: 'gone' });
        await pause(50 + random() * 4_000);
        for (const desk of there) this.#flux(desk);
        await rename(aside, place);
        for (const desk of there) this.#settled(desk);
      },
    );
  }

  /** As a release does it: the whole tree is made anew beside the old one, with some edits, and takes its place. */
  async #swapRoot(own: Desk, random: () => number): Promise<void> {
    await this.#together(
      own,
      () => true,
      async (desks) => {
        const there = desks.filter(({ path }) => path);
        const [place, next, old] = ['recordings', 'next', 'old'].map((name) => join(this.#root, name)) as [
          string,
          string,
          string,
        ];
        await cp(place, next, { recursive: true });
        const edited = there.filter(() => random() < 0.5);
        for (const desk of there) this.#flux(desk);
        for (const desk of edited)
          await writeFile(join(next, desk.path as string), this.#nextText(desk, random));
        await rename(place, old);
        await rename(next, place);
        for (const desk of there) this.#settled(desk);
        await rm(old, { recursive: true });
      },
    );
  }
}
