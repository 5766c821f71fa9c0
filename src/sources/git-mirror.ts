import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, usage } from '../model/failure.ts';
import type { Clock } from '../model/ports.ts';
import { secretsOf } from '../secrets/git-address.ts';
import { secretIn } from '../secrets/secret-text.ts';
import { Vault } from '../secrets/vault.ts';
import { ambiguity, candidates, goneBranch, isWholeId, meantRef } from './git-names.ts';
import { complaint, GitProgram, type GitResult } from './git-program.ts';
import { signatureTrouble } from './git-signature.ts';

export interface MirrorOptions {
  /** ssh, https, file or, on this machine, http; what git takes, without a password in it. */
  url: string;
  /** A branch, where there is none of that name a tag, or a full ref, or a commit's whole ID. */
  ref: string;
  /** Where mirrors are, inside the state directory. Each remote and ref gets a folder of its own there. */
  directory: string;
  /** Milliseconds between two fetches, give or take a tenth. */
  interval: number;
  /** Take only commits that `git verify-commit` accepts. */
  verifySignatures: boolean;
  /** With REELSTATE_GIT_TOKEN in it, if the remote asks for a token. */
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
}

/** How a fetch ended. `good` is the commit to go on with: the last one that was fetched and accepted. */
export type Fetched = {
  /** What is to be told of the ref: its name stands for more than one there. */
  note?: string;
} & (
  | { outcome: 'current'; good: string; changed: boolean }
  /** The ref's commit is not taken: its signature is not to be trusted. */
  | { outcome: 'refused'; good: string | undefined; commit: string; message: string }
  /** Nothing could be fetched. */
  | { outcome: 'away'; good: string | undefined; message: string }
);

/** The commit fetched last, before it is checked. */
const INCOMING_REF = 'refs/reelstate/incoming';

/** Exists once the accepted commit came from a branch, so that later processes know. */
const BRANCH_REF = 'refs/reelstate/branch';

/** A fetch that takes longer is ended, in milliseconds: a remote that hangs must not be waited for for ever. */
const FETCH_TIMEOUT = 5 * 60_000;

/** The share of the interval that chance adds or takes, so that many daemons do not ask at the same time. */
const JITTER = 0.1;

/** What fetch says where the remote's IDs are of another hash function. */
const OTHER_FORMAT = /mismatched algorithms: client \w+; server (sha1|sha256)/;

/**
 * Settings of the mirror. Nothing is unpacked into a working tree and no hook is run; what a moved ref leaves
 * behind is dropped after an hour (git's own default is two weeks), long after the load that may still read it.
 */
const CONFIG = {
  'core.hooksPath': '/dev/null',
  'gc.autoDetach': 'false',
  'gc.pruneExpire': '1.hour.ago',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '60',
};

/** A shallow mirror of one ref of a remote, which keeps the last good commit for as long as no better one comes. */
export class GitMirror {
  /** The bare repository, for GitFiles. */
  readonly directory: string;
  /** Names the last good commit in it. What was taken unseen is not good once signatures are looked at. */
  readonly goodRef: string;
  readonly #options: MirrorOptions;
  readonly #git: GitProgram;
  #prepared: Promise<void> | undefined;
  #waiting: AbortController | undefined;
  #asked = false;
  /** Whether the ref has been a branch in this process. */
  #isBranch = false;

  /** @throws Failure (64) for an address or a ref that is not to be used */
  constructor(options: MirrorOptions) {
    const { url, ref, directory, env } = options;
    const token = secretIn(env, 'REELSTATE_GIT_TOKEN');
    checkUrl(url, token);
    if (
      !/^[^\s:^~?*[\\\u0000-\u001f\u007f+-][^\s:^~?*[\\\u0000-\u001f\u007f]*$/.test(ref) ||
      ref.includes('..')
    )
      throw usage(`--ref ${JSON.stringify(ref)}: must be the name of a branch or a tag`);
    const id = createHash('sha256').update(`${url}\0${ref}`).digest('hex').slice(0, 16);
    this.directory = join(directory, id);
    this.goodRef = `refs/reelstate/${options.verifySignatures ? 'verified' : 'good'}`;
    this.#options = options;
    const secrets = new Vault(randomBytes(32));
    for (const secret of [...secretsOf(url), token ?? '']) if (secret !== '') secrets.seal(secret, 'git');
    this.#git = new GitProgram({
      scrub: (text) => secrets.scrub(text),
      cwd: this.directory,
      gitDir: this.directory,
      env: { ...env, GIT_ALLOW_PROTOCOL: env.GIT_ALLOW_PROTOCOL ?? 'file:git:http:https:ssh' },
      config: { ...CONFIG, ...tokenConfig(url, token) },
    });
  }

  /** The last good commit, of an earlier process too; undefined where nothing was ever fetched. */
  async good(): Promise<string | undefined> {
    await this.#prepare();
    return this.#commitOf(this.goodRef);
  }

  /**
   * Fetches once. What goes wrong on the way to the remote is an outcome.
   * @throws Failure where git cannot be run or the mirror cannot be made
   */
  async fetch(signal?: AbortSignal): Promise<Fetched> {
    const before = await this.good();
    const { ref, verifySignatures } = this.#options;
    const { note, ...fetched } = await this.#limited((until) => this.#fetchRef(before, until), signal);
    const told = note === undefined ? {} : { note };
    if (fetched.code !== 0) {
      const message = fetched.late ? 'the remote takes too long' : complaint(fetched);
      return { outcome: 'away', good: before, message, ...told };
    }
    const commit = await this.#commitOf(INCOMING_REF);
    if (commit === undefined)
      return { outcome: 'away', good: before, message: `${ref} is not a commit there`, ...told };
    if (commit === before) return { outcome: 'current', good: commit, changed: false, ...told };
    if (verifySignatures) {
      const verified = await this.#git.run(['verify-commit', commit]);
      if (verified.code !== 0)
        return {
          outcome: 'refused',
          good: before,
          commit,
          message: signatureTrouble(verified.stderr),
          ...told,
        };
    }
    for (const each of [this.goodRef, ...(this.#isBranch ? [BRANCH_REF] : [])]) {
      const kept = await this.#git.run(['update-ref', each, commit]);
      if (kept.code !== 0)
        throw new Failure(`the mirror ${this.directory} cannot be written: ${complaint(kept)}`);
    }
    return { outcome: 'current', good: commit, changed: true, ...told };
  }

  /** Fetches at once and then again and again, until `signal` aborts. Resolves when the last fetch has ended. */
  async run(signal: AbortSignal, report: (fetched: Fetched) => void | Promise<void>): Promise<void> {
    const { clock, random, interval } = this.#options;
    while (!signal.aborted) {
      this.#asked = false;
      const fetched = await this.fetch(signal);
      if (signal.aborted) return;
      await report(fetched);
      if (this.#asked) continue;
      this.#waiting = new AbortController();
      const until = AbortSignal.any([signal, this.#waiting.signal]);
      await clock.sleep(interval * (1 + JITTER * (2 * random() - 1)), until);
    }
  }

  /** Makes `run` fetch at once, or once more after the fetch under way: a webhook says that there are new commits. */
  fetchSoon(): void {
    this.#asked = true;
    this.#waiting?.abort();
  }

  /** Fetches what the ref is at the remote now, unless that is here already. */
  async #fetchRef(before: string | undefined, signal: AbortSignal): Promise<GitResult & { note?: string }> {
    const { url, ref } = this.#options;
    const listed = ref === 'HEAD' || isWholeId(ref) ? { source: ref } : await this.#listRef(signal);
    if ('code' in listed) return listed;
    const { source, oid, note } = { oid: undefined, note: undefined, ...listed };
    const told = note === undefined ? {} : { note };
    if (oid !== undefined && (await this.#idOf(INCOMING_REF)) === oid)
      return { code: 0, stdout: '', stderr: '', ...told };
    const options = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head'];
    const fetch = () => this.#git.run(['fetch', ...options, '--', url, `+${source}:${INCOMING_REF}`], signal);
    const fetched = await fetch();
    const [, format] = OTHER_FORMAT.exec(fetched.stderr) ?? [];
    if (!format || before !== undefined) return { ...fetched, ...told };
    // Nothing is kept here yet, so the mirror is made anew in the form of the remote's IDs.
    await rm(this.directory, { recursive: true, force: true });
    await this.#makeMirror(`--object-format=${format}`);
    return { ...(await fetch()), ...told };
  }

  /**
   * Which ref of the remote the name stands for, and the ID that it has. Where a branch and a tag have the name it is
   * the branch, and one that is gone does not give way to the tag.
   * @returns the result of a git that failed, or of one that looked in vain
   */
  async #listRef(signal: AbortSignal): Promise<GitResult | { source: string; oid: string; note?: string }> {
    const { url, ref } = this.#options;
    const isFull = ref.startsWith('refs/');
    const wanted = isFull ? [{ ref, kind: 'branch' as const }] : candidates(ref, false);
    // Only these are asked for: a host may have a ref for each pull request.
    const kinds = wanted.every((each) => /^refs\/(heads|tags)\//.test(each.ref)) ? ['--heads', '--tags'] : [];
    const patterns = wanted.map((each) => each.ref);
    const listed = await this.#git.run(['ls-remote', '--quiet', ...kinds, '--', url, ...patterns], signal);
    if (listed.code !== 0) return listed;
    const ids = new Map(
      listed.stdout.split('\n').map((line): [string, string] => {
        const [oid = '', name = ''] = line.split('\t');
        return [name, oid];
      }),
    );
    const found = wanted.filter((each) => ids.has(each.ref));
    const [taken] = found;
    if (!taken) return inVain(`the remote has no ref ${ref}${meantRef(ref)}`);
    if (taken.kind === 'branch') this.#isBranch = true;
    else if (this.#isBranch || (await this.#idOf(BRANCH_REF)) !== undefined)
      return inVain(goneBranch(ref, taken));
    const note = ambiguity(ref, found);
    const oid = ids.get(taken.ref) as string;
    return { source: taken.ref, oid, ...(note === undefined ? {} : { note }) };
  }

  /** The ID that a ref of the mirror has: of a tag its own, not its commit's. */
  async #idOf(ref: string): Promise<string | undefined> {
    const { code, stdout } = await this.#git.run(['rev-parse', '--verify', '--quiet', ref]);
    return code === 0 ? stdout.trim() : undefined;
  }

  #commitOf(ref: string): Promise<string | undefined> {
    return this.#idOf(`${ref}^{commit}`);
  }

  /** Limits an operation to FETCH_TIMEOUT. */
  async #limited<T>(
    work: (until: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T & { late: boolean }> {
    const timeout = new AbortController();
    const done = new AbortController();
    let late = false;
    void this.#options.clock.sleep(FETCH_TIMEOUT, done.signal).then(() => {
      late = !done.signal.aborted;
      timeout.abort();
    });
    try {
      const result = await work(AbortSignal.any([timeout.signal, ...(signal ? [signal] : [])]));
      return { ...result, late };
    } finally {
      done.abort();
    }
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#makeMirror();
    this.#prepared.catch(() => {
      this.#prepared = undefined;
    });
    return this.#prepared;
  }

  /**
   * Makes the bare repository, or takes over the one that an earlier process has left.
   * @param format of a new one's IDs; left out, that of git's own settings
   */
  async #makeMirror(...format: string[]): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await removeLocks(this.directory);
    const made = await this.#git.run(['init', '--quiet', '--bare', '--template=', ...format]);
    if (made.code !== 0)
      throw new Failure(`the mirror ${this.directory} cannot be made: ${complaint(made)}`, {
        hint: 'It can be removed at any time; it is then fetched anew.',
      });
  }
}

/**
 * A process that was killed leaves its locks behind. The mirror has one owner, so any lock found at its start is stale.
 */
async function removeLocks(directory: string): Promise<void> {
  for (const folder of ['.', 'refs/reelstate']) {
    const names = await readdir(join(directory, folder)).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.lock')))
      await rm(join(directory, folder, name), { force: true });
  }
}

/** The outcome of a fetch that found nothing to take. */
function inVain(message: string): GitResult {
  return { code: 1, stdout: '', stderr: `error: ${message}` };
}

function checkUrl(url: string, token: string | undefined): void {
  if (url.startsWith('-') || url === '' || /[\u0000-\u001f\u007f]/.test(url))
    throw usage('--git-url: must be the address of a git repository');
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const overHttp = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  if (parsed?.password || (overHttp && parsed?.username))
    throw usage(
      '--git-url: credentials do not belong into the address',
      "Use git's credential helper, or put a token into REELSTATE_GIT_TOKEN.",
    );
  if (!token || overHttp === false) return;
  if (parsed?.protocol === 'http:' && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(parsed.hostname))
    throw usage(
      `--git-url: REELSTATE_GIT_TOKEN is not sent over plain HTTP to ${parsed.hostname}; use https://`,
    );
}

/**
 * A token as git hosts take one: as the password of any user. Sent to the address's own host alone, and handed over
 * through the environment (git-config: http.<url>.extraHeader).
 */
function tokenConfig(url: string, token: string | undefined): Record<string, string> {
  const origin = URL.canParse(url) ? new URL(url).origin : 'null';
  if (!token || !/^https?:/.test(origin)) return {};
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return { [`http.${origin}/.extraHeader`]: `Authorization: Basic ${basic}` };
}
