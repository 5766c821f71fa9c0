import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Vault } from '../../src/secrets/vault.ts';
import type { Refreshed } from '../../src/sources/rounds.ts';
import { FileSource, type SourceOptions } from '../../src/sources/watcher.ts';
import { systemClock } from '../../src/system-clock.ts';

export const KEY = new Uint8Array(32);
const NEVER = 600_000;

/** A recording file of one document; the colour is what tests change. */
export function recording(sid: string, colour = '#000000', more = ''): string {
  return `recording: { appId: a, cname: c, uid: 1, resourceId: r, sid: "${sid}" }\nlayout:\n  mixedVideoLayout: bestFit\n  backgroundColor: "${colour}"\n${more}`;
}

/** A temporary directory with a source on its folder "recordings", and everything that the source has said. */
export class Desk {
  readonly cwd = realpathSync(mkdtempSync(join(tmpdir(), 'reelstate-watch-')));
  readonly looks: Refreshed[] = [];
  readonly troubles: string[] = [];
  #source: FileSource | undefined;
  #waiting: { holds: (look: Refreshed) => boolean; resolve: (look: Refreshed) => void }[] = [];

  /** Starts watching. Unless told otherwise only events count: the next sweep is far off. */
  async watch(options: Partial<SourceOptions> = {}): Promise<Refreshed> {
    this.#source = new FileSource({
      dir: 'recordings',
      cwd: this.cwd,
      env: {},
      vault: new Vault(KEY),
      clock: systemClock,
      settleMs: 50,
      sweepMs: NEVER,
      pollMs: NEVER,
      onChange: () => void this.look([]),
      onTrouble: (message) => this.troubles.push(message),
      ...options,
    });
    await this.look();
    return this.until(({ settling }) => settling.length === 0);
  }

  async look(hint?: readonly string[]): Promise<Refreshed> {
    const look = await (this.#source as FileSource).refresh(hint);
    // What a look has said, the next one changes.
    this.looks.push({ ...look, byName: new Map(look.byName) });
    const met = this.#waiting.filter(({ holds }) => holds(look));
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve(look);
    return look;
  }

  get last(): Refreshed {
    return this.looks.at(-1) as Refreshed;
  }

  /** Resolves at the first look of which this holds, beginning with the last one. */
  until(holds: (look: Refreshed) => boolean): Promise<Refreshed> {
    if (holds(this.last)) return Promise.resolve(this.last);
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  /** Resolves when the recordings have these colours and no others are there. */
  untilColours(colours: Record<string, string>): Promise<Refreshed> {
    return this.until((look) => JSON.stringify(coloursOf(look)) === JSON.stringify(colours));
  }

  path(path: string): string {
    return join(this.cwd, path);
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** As editors do that write a new file and put it in the place of the old one. */
  replace(path: string, text: string): void {
    this.put(`${path}.new`, text);
    renameSync(this.path(`${path}.new`), this.path(path));
  }

  async close(): Promise<void> {
    await this.#source?.close();
    rmSync(this.cwd, { recursive: true, force: true });
  }
}

/** Colours by name, sorted by name. */
export function coloursOf({ byName }: Refreshed): Record<string, string | undefined> {
  return Object.fromEntries(
    [...byName.values()]
      .map(({ name, blocks }) => [name, blocks().layout?.backgroundColor] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
