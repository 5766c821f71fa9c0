import { randomBytes } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
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
 * Takes the one writer's place in a state directory. The lock appears whole or not at all (a hard link to a
 * finished file), and one left behind by a process that no longer runs is taken over.
 * @returns gives the place back
 * @throws LockedError that names the holder
 */
export async function takeLock(
  directory: string,
  command: string,
  now: number,
): Promise<() => Promise<void>> {
  const path = join(directory, 'lock');
  const mine: Holder = { pid: process.pid, host: hostname(), command, since: new Date(now).toISOString() };
  const started = await startOf(process.pid);
  if (started) mine.started = started;
  const own = join(directory, `lock.${process.pid}.${randomBytes(6).toString('hex')}`);
  await writeFile(own, `${JSON.stringify(mine)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // Two tries at a dead holder's place can meet; one of them wins and the other sees a living holder.
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        await link(own, path);
        return () => giveBack(path, mine);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = await holderAt(path);
      if (found && (await isAlive(found))) throw new LockedError(path, found);
      await clearDead(path, `${own}.dead`);
    }
    throw new Error(`${path}: the lock changes hands all the time`);
  } finally {
    await unlink(own).catch(() => {});
  }
}

async function giveBack(path: string, mine: Holder): Promise<void> {
  const found = await holderAt(path);
  if (found && found.pid === mine.pid && found.since === mine.since) await unlink(path).catch(() => {});
}

/** Moves a dead holder's lock aside; puts it back if another process had just taken the place. */
async function clearDead(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await holderAt(aside);
  if (moved && (await isAlive(moved))) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}

/** Who holds the lock; undefined where there is none or it cannot be read. */
export async function holderAt(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
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
