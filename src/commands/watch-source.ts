import { resolve } from 'node:path';
import type { FetchOutcome } from '../daemon/git-state.ts';
import { GitState } from '../daemon/git-state.ts';
import type { Logger } from '../daemon/log.ts';
import type { Bounds } from '../desired/bounds.ts';
import type { LoadOptions } from '../desired/load.ts';
import type { ReadCache } from '../desired/read-cache.ts';
import { usage } from '../model/failure.ts';
import type { Known } from '../model/known.ts';
import type { Io } from '../model/ports.ts';
import type { DesiredSource } from '../model/source.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import type { Vault } from '../secrets/vault.ts';
import { readSettled } from '../sources/followed-file.ts';
import { refOf } from './desired-files.ts';
import { duration, isSet, type RawOptions, type Settings, textOf } from './settings.ts';

/** How long a file that is written in place must stand still, in milliseconds: longer than an editor pauses between two pieces. */
const SETTLE = 40;
/** Between two sweeps where the system does not tell of changes, in milliseconds. */
const POLL = 1_000;
/** Between two sweeps: of files, and of a commit, which costs less. In milliseconds. */
const SWEEP = 5_000;
const GIT_SWEEP = 1_000;
/** The longest rest between two sweeps of very many files, unless --sweep is given. In milliseconds. */
const LONGEST_REST = 45_000;
/** Between two fetches, in milliseconds; and the shortest that may be asked for. */
const INTERVAL = 30_000;
const SHORTEST_INTERVAL = 1_000;

/** Where the files of a daemon come from. */
export interface Origin {
  dir: string;
  sweepMs: number;
  longestRestMs?: number;
  /** The files are taken from a commit. */
  git?: {
    ref: string;
    /** A remote's; left out, the repository around the working directory. */
    url?: string;
    interval: number;
    verifySignatures: boolean;
  };
}

/** @throws Failure (64) naming the flag and what it takes */
export function readOrigin(raw: RawOptions, settings: Settings, io: Io): Origin {
  const url = addressOf(textOf('gitUrl', raw, io), io.cwd);
  const ref = refOf(raw, io) ?? (url === undefined ? undefined : 'HEAD');
  const sweepMs = duration('sweep', raw, io, ref === undefined ? SWEEP : GIT_SWEEP);
  const interval = duration('interval', raw, io, INTERVAL);
  const verifySignatures = isSet('verifySignatures', raw, io);
  if (url === undefined && (raw.interval !== undefined || verifySignatures))
    throw usage(
      `${verifySignatures ? '--verify-signatures' : '--interval'} is about a remote: give --git-url URL, too`,
    );
  if (interval < SHORTEST_INTERVAL) throw usage('--interval: must be at least 1s');
  const git = { interval, verifySignatures, ...(url === undefined ? {} : { url }) };
  const isOurs = textOf('sweep', raw, io) === undefined;
  return {
    dir: settings.dir,
    sweepMs,
    ...(isOurs ? { longestRestMs: LONGEST_REST } : {}),
    ...(ref === undefined ? {} : { git: { ref, ...git } }),
  };
}

/**
 * An address as git takes it, which runs in the mirror's folder: a path counts from the working directory. Git takes
 * for a path what has no colon, or a slash before the first (git-clone(1), "Git URLs").
 */
function addressOf(url: string | undefined, cwd: string): string | undefined {
  return url === undefined || /^[^/]*:/.test(url) ? url : resolve(cwd, url);
}

/** A source that has been opened, and what keeps it moving. */
export interface OpenedSource {
  source: DesiredSource;
  /** Resolves when there is something to read. */
  begin(): Promise<void>;
  /** Sweeps until `stop` aborts. Resolves when nothing is under way any more. */
  run(stop: AbortSignal): Promise<void>;
  /** Commits as the source. */
  git?: { state: GitState; onNews: () => void };
}

interface Surroundings {
  io: Io;
  vault: Vault;
  /** What files may name. */
  bounds: Bounds;
  log: Logger;
  /** Mirrors of remotes are kept there. */
  mirrors: string;
  /** What reading the files of a folder gave last time, and of which that is enough. */
  readCache?: ReadCache;
  isEnough?: LoadOptions['isEnough'];
  known: Known;
  /** Aborts when the daemon ends and no refresh is awaited any more. */
  over: AbortSignal;
  /** Something may have changed. */
  onChange: () => void;
  onFetch: (outcome: FetchOutcome['outcome']) => void;
}

/** @throws Failure for an address or a ref that is not to be used, or where git cannot be run */
export async function openSource(origin: Origin, around: Surroundings): Promise<OpenedSource> {
  if (!origin.git) return openFolder(origin, around);
  const { io, log } = around;
  const { ref, url } = origin.git;
  const state = new GitState(url === undefined ? { ref } : { ref, url: maskAddresses(url) }, log, io.clock);
  const opened =
    url === undefined ? await openRef(origin, ref, around) : await openRemote(origin, url, state, around);
  const { source, begin, run, onNews } = opened;
  return {
    source: {
      refresh: async (hint) => {
        const snapshot = await source.refresh(hint);
        state.refreshed(snapshot);
        return snapshot;
      },
      close: () => source.close(),
    },
    begin,
    run: async (stop) => {
      await Promise.all([run(stop), sweep(origin.sweepMs, around, stop)]);
    },
    git: { state, onNews },
  };
}

async function openFolder(
  { dir, sweepMs, longestRestMs }: Origin,
  around: Surroundings,
): Promise<OpenedSource> {
  const { io, vault, bounds, log, onChange, readCache, isEnough, known, over } = around;
  const { FileSource } = await import('../sources/watcher.ts');
  const source = new FileSource({
    ...{
      dir,
      cwd: io.cwd,
      env: io.env,
      vault,
      bounds,
      clock: io.clock,
      onChange,
      readCache,
      isEnough,
      known,
    },
    settleMs: SETTLE,
    ...{ sweepMs, longestRestMs, until: over },
    pollMs: Math.min(sweepMs, POLL),
    onTrouble: (message) => log.warn(message),
  });
  return { source, begin: async () => {}, run: async () => {} };
}

type OpenedGit = Omit<OpenedSource, 'git'> & { onNews: () => void };

/** A ref of the repository around the working directory. */
async function openRef({ dir }: Origin, ref: string, around: Surroundings): Promise<OpenedGit> {
  const { io, vault, bounds, log, onChange } = around;
  const [{ GitFiles }, { GitProgram }, { GitRefs }, { GitSource }] = await gitSources();
  const git = new GitProgram({ cwd: io.cwd, env: io.env });
  const refs = await GitRefs.open(git, io.cwd, io.clock, onChange);
  const read = (path: string) => readSettled(path, { clock: io.clock, settleMs: SETTLE });
  const files = new GitFiles({ dir, cwd: io.cwd, env: io.env, vault, bounds, read });
  let held = false;
  const isHeld = () => {
    const before = held;
    held = refs.isRebasing();
    if (held && !before) log.info('a rebase is under way: until it is done the commit from before stands');
    return held;
  };
  // A branch moves once, when its rebase is done; HEAD moves through each of its commits.
  const source = new GitSource(files, ref, io.clock, () => ref === 'HEAD' && isHeld());
  return {
    source: {
      refresh: async () => {
        // Watches before the first read, so that no move after it is missed.
        await refs.follow();
        return source.refresh();
      },
      close: async () => {
        refs.close();
        await source.close();
      },
    },
    begin: async () => {},
    run: async () => {},
    onNews: onChange,
  };
}

/** A shallow mirror of a remote. */
async function openRemote(
  origin: Origin,
  url: string,
  state: GitState,
  around: Surroundings,
): Promise<OpenedGit> {
  const { io, vault, bounds, onChange, onFetch } = around;
  const { ref = 'HEAD', interval = INTERVAL, verifySignatures = false } = origin.git ?? {};
  const [{ GitFiles }, , , { GitSource }, { GitMirror }] = await gitSources();
  const mirror = new GitMirror({
    ...{ url, ref, interval, verifySignatures, clock: io.clock },
    directory: around.mirrors,
    env: io.env,
    random: () => io.random(),
  });
  const read = (path: string) => readSettled(path, { clock: io.clock, settleMs: SETTLE });
  const files = new GitFiles({
    dir: origin.dir,
    cwd: io.cwd,
    env: io.env,
    vault,
    bounds,
    read,
    gitDir: mirror.directory,
  });
  const source = new GitSource(files, mirror, io.clock);
  let firstDone = () => {};
  const first = new Promise<void>((resolve) => {
    firstDone = resolve;
  });
  return {
    source,
    // What an earlier process fetched need not wait for a remote that may be away.
    begin: async () => ((await mirror.good()) === undefined ? first : undefined),
    run: (stop) =>
      mirror
        .run(stop, (fetched) => {
          state.fetched(fetched);
          onFetch(fetched.outcome);
          if (fetched.outcome === 'current' && fetched.changed) onChange();
          firstDone();
        })
        .finally(firstDone),
    onNews: () => mirror.fetchSoon(),
  };
}

function gitSources() {
  return Promise.all([
    import('../sources/git.ts'),
    import('../sources/git-program.ts'),
    import('../sources/git-refs.ts'),
    import('../sources/git-source.ts'),
    import('../sources/git-mirror.ts'),
  ]);
}

/** Finds what no event tells: refs that moved unnoticed, files that commits refer to and do not hold. */
async function sweep(every: number, { io, onChange }: Surroundings, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await io.clock.sleep(every, stop);
    if (!stop.aborted) onChange();
  }
}
