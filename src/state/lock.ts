import { randomBytes, randomInt } from 'node:crypto';
import { readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

export interface Holder {
  pid: number;
  host: string;
  command: string;
  since: string;
  /** What tells this process from a later one with the same number; absent where the system does not say. */
  started?: string;
}

/** Another process is writing this state. */
export class LockedError extends Error {
  override name = 'LockedError';
  readonly holder: Holder;
  constructor(path: string, holder: Holder) {
    super(
      `the state is in use by process ${holder.pid}${holder.host === hostname() ? '' : ` on ${holder.host}`} (${holder.command}, since ${holder.since}). ` +
        `Wait for it to end${holder.host === hostname() ? '' : `, or, if that machine is gone, remove ${path}`}.`,
    );
    this.holder = holder;
  }
}

/**
 * Attempts at a lock that another process tries for at the same moment, and the longest pause between two of them, in
 * milliseconds.
 */
const TRIES = 12;
const PAUSE = 25;

/**
 * Takes the one writer's place in a state directory. Every process that wants it puts up a file of its own and
 * looks only then whether a living process has one too; if so, it takes its own down again. Of two, the one
 * that came second sees the first, so there are never two writers; both may see each other, and try again. A file
 * is never changed or taken over, and one whose process has died is removed: no name is used twice.
 * @returns what gives the place back, and whether a process had the place that died without giving it back
 * @throws LockedError that names the holder
 */
export async function takeLock(
  directory: string,
  command: string,
  now: number,
): Promise<{ release: () => Promise<void>; afterKill: boolean }> {
  const mine: Holder = { pid: process.pid, host: hostname(), command, since: new Date(now).toISOString() };
  const started = await startOf(process.pid);
  if (started) mine.started = started;
  const name = `lock.${process.pid}-${randomBytes(6).toString('hex')}`;
  const path = join(directory, name);
  let afterKill = false;
  for (let attempt = 1; ; attempt++) {
    // Whole or not at all: a reader never sees half of it.
    await writeFile(`${directory}/.${name}`, `${JSON.stringify(mine)}\n`, { mode: 0o600 });
    await rename(`${directory}/.${name}`, path);
    const { other, dead } = await livingHolder(directory, name);
    afterKill ||= dead;
    if (!other) return { release: () => unlink(path).catch(() => {}), afterKill };
    await unlink(path);
    if (attempt === TRIES) throw new LockedError(join(directory, other.name), other.holder);
    await new Promise((resolve) => setTimeout(resolve, randomInt(1, PAUSE)));
  }
}

/** Another process that holds or wants the place. The files of the dead are cleared away; `dead` tells that there were some. */
async function livingHolder(
  directory: string,
  own: string,
): Promise<{ other?: { name: string; holder: Holder }; dead: boolean }> {
  let dead = false;
  for (const name of await readdir(directory)) {
    if (!name.startsWith('lock.') || name === own) continue;
    const holder = await holderAt(join(directory, name));
    if (holder && (await isAlive(holder))) return { other: { name, holder }, dead };
    dead ||= holder !== undefined;
    await unlink(join(directory, name)).catch(() => {});
  }
  return { dead };
}

/** Who put a lock up; undefined where it is gone or is none. */
async function holderAt(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    return typeof holder.pid === 'number' && typeof holder.host === 'string' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  // A holder on another machine cannot be asked: it counts as alive.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = await startOf(holder.pid);
  return !holder.started || !started || started === holder.started;
}

/** Start time of a process in clock ticks since boot, with the boot's identity (proc(5), field 22 of /proc/PID/stat). */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    if (fields[0] === 'Z') return 'ended';
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
