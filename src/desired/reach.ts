import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isInReach, type Reach } from './bounds.ts';

/** What is wrong with a path that leads out of the folders it may lead to. */
export interface OutOfBounds {
  error: string;
  outOfBounds: true;
}

/** Where a path leads once its links are followed, whether or not something is there; or that this is out of reach. */
export function within(path: string, { folders, closed }: Reach): string | OutOfBounds {
  const real = realPath(path);
  const reach = { folders: folders.map(realPath), closed: closed.map(realPath) };
  if (isInReach(real, reach)) return real;
  return { error: 'it leads out of the folders that it may be in', outOfBounds: true };
}

/** Of a path that ends in nothing, what there is of it is followed. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}
