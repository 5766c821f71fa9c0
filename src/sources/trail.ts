import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/** What the system, too, follows of one path before it says that links lead in a circle (Linux, path_resolution(7)). */
const MOST_LINKS = 40;

/** The way from a path to what it means. */
export interface Trail {
  /** Links on the way: putting another one in their place changes what the path means. */
  links: string[];
  /** Where the way ends, whether or not something is there. */
  end: string;
}

/** Follows the links in an absolute path, those of its folders included. */
export function trailOf(path: string): Trail {
  const links: string[] = [];
  let ahead = path.split(sep).filter((part) => part !== '');
  let here = path.slice(0, path.indexOf(sep) + 1);
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    const next = join(here, part);
    const target = targetOf(next);
    if (target === undefined || links.length === MOST_LINKS) {
      here = next;
      continue;
    }
    links.push(next);
    const led = resolve(dirname(next), target);
    ahead = [...led.split(sep).filter((each) => each !== ''), ...ahead];
    here = led.slice(0, led.indexOf(sep) + 1);
  }
  return { links, end: here };
}

function targetOf(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    // A part of the path that may not be looked into ends the trail there.
    return undefined;
  }
}
