import type { Vault } from '../secrets/vault.ts';
import type { Bounds } from './bounds.ts';

/** A file's bytes, or why there are none. */
export type FileBytes = Uint8Array | 'missing' | { error: string; tooLarge?: true; outOfBounds?: true };

/** What references lead to. */
export interface Surroundings {
  /** Relative file names count from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Never rejects. Of a file that is out of bounds it says so, and gives nothing of it. */
  readFile(absolutePath: string): Promise<FileBytes>;
  /**
   * The same of a file that blocks take fields from, which belongs to what is desired: from a commit where the recordings
   * are. Gives the same object for as long as the bytes are the same. Left out: `readFile`.
   */
  readShared?(absolutePath: string): Promise<FileBytes>;
  /** What references may lead to; left out, everything but reelstate's own variables. */
  bounds?: Bounds;
  /** Whether lines of a file may be quoted; left out, of every file. */
  mayQuote?(absolutePath: string): boolean | Promise<boolean>;
  /** Whether none of the files that were read is being written; asked when all were. Left out: none is. */
  isAtRest?(): boolean;
  /** Takes in the values of secrets. */
  vault: Vault;
  /** Seconds since 1970; left out, no expiry is looked at. */
  now?: number;
}
