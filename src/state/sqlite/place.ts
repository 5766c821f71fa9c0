import { statSync } from 'node:fs';
import { join } from 'node:path';
import { LostState } from '../errors.ts';
import { DATABASE, LOCK } from './database.ts';

/** The files of a state that is written: others must not remove, replace or change them meanwhile. */
export class Place {
  readonly #folder: string;
  /** By file, what changes where others touch it. */
  #seen: Readonly<Record<string, string>>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#seen = this.#look();
  }

  /** Takes the files as they are: this process has changed them itself. */
  renew(): void {
    this.#seen = this.#look();
  }

  #look(): Readonly<Record<string, string>> {
    const look = (name: string) => statSync(join(this.#folder, name), { throwIfNoEntry: false });
    const database = look(DATABASE);
    return {
      [DATABASE]: `${database?.ino} ${database?.mtimeMs} ${database?.size}`,
      [LOCK]: `${look(LOCK)?.ino}`,
      [`${DATABASE}-wal`]: `${look(`${DATABASE}-wal`)?.ino}`,
    };
  }

  /** The first file that is not as it was left. */
  moved(): string | undefined {
    const now = this.#look();
    return Object.keys(now).find((name) => now[name] !== this.#seen[name]);
  }

  /** @throws LostState */
  check(): void {
    const moved = this.moved();
    if (moved === undefined) return;
    throw new LostState(`${join(this.#folder, moved)} was removed or changed under this process`, {
      hint: 'Nothing more is sent, because it could not be recorded: it ends.',
    });
  }
}
