import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { Failure } from '../model/failure.ts';
import { isOwnVariable } from '../secrets/environment.ts';
import { maskAddresses } from '../secrets/git-address.ts';

/** What a run of git has given. */
export interface GitResult {
  /** null: a signal ended it. */
  code: number | null;
  stdout: string;
  /** In English, without the secrets of addresses. */
  stderr: string;
}

export interface GitProgramOptions {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** A bare repository; left out, git looks for one from `cwd` upwards. */
  gitDir?: string;
  /** Further settings, by key. They go through the environment: other users of the machine see command lines. */
  config?: Readonly<Record<string, string>>;
  /** Takes further secrets out of what git says. */
  scrub?: (text: string) => string;
}

/** Variables that name a repository (git rev-parse --local-env-vars): a hook's must not reach one of our own. */
const LOCAL = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_GRAFT_FILE',
  'GIT_QUARANTINE_PATH',
];

/**
 * What a commit's ID stands for is what was written, whatever `git replace` or a file of grafts puts in its place
 * (git(1), GIT_NO_REPLACE_OBJECTS; a path that cannot be is the one way to have no grafts).
 */
const AS_WRITTEN = { GIT_NO_REPLACE_OBJECTS: '1', GIT_GRAFT_FILE: '/dev/null/none' };

/** How much is kept of what git complains of, in characters; one file of a commit is no longer. */
const MAX_OUTPUT = 1024 * 1024;

/** Where git is ended while it prints, in characters: a list of two million files is shorter. */
const MAX_LIST = 256 * MAX_OUTPUT;

/** The `git` program on one repository: no shell, no questions, no locks for things it could do without. */
export class GitProgram {
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #prefix: string[];
  readonly #scrub: (text: string) => string;

  constructor({ cwd, env, gitDir, config = {}, scrub = (text) => text }: GitProgramOptions) {
    this.#cwd = cwd;
    this.#scrub = scrub;
    this.#prefix = gitDir === undefined ? [] : [`--git-dir=${gitDir}`];
    // Any process of the same user sees the environment of each other.
    const inherited = Object.entries(env).filter(
      ([name]) => !isOwnVariable(name) && (gitDir === undefined || !LOCAL.includes(name)),
    );
    this.#env = {
      ...withConfig(Object.fromEntries(inherited), config),
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_LITERAL_PATHSPECS: '1',
      ...AS_WRITTEN,
      LC_ALL: 'C',
    };
  }

  /**
   * Runs git to its end. One that prints without end is killed.
   * @param signal ends it early; the result is then that of a killed process
   * @throws Failure where git is not installed
   */
  run(args: readonly string[], signal?: AbortSignal): Promise<GitResult> {
    return new Promise((resolve, reject) => {
      const child = this.start(args);
      child.stdin.end();
      const texts = { stdout: '', stderr: '' };
      const stop = () => endGroup(child);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        // Half a list would be taken for the whole.
        if (texts.stdout.length > MAX_LIST) stop();
        else texts.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (texts.stderr.length < MAX_OUTPUT) texts.stderr += text;
      });
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      child.on('error', (error) => reject(notRunnable(error)));
      child.on('close', (code) => {
        signal?.removeEventListener('abort', stop);
        resolve({ code, stdout: texts.stdout, stderr: this.masked(texts.stderr.trim()) });
      });
    });
  }

  /**
   * Git's output, synchronously: for a file that is parsed once it is asked for.
   * @throws Failure where it cannot be run, or does not end well
   */
  runNow(args: readonly string[]): Buffer {
    const { error, status, stdout, stderr } = spawnSync('git', [...this.#prefix, ...args], {
      cwd: this.#cwd,
      env: this.#env,
      maxBuffer: MAX_OUTPUT,
    });
    if (error) throw notRunnable(error);
    if (status !== 0) throw new Failure(complaint({ code: status, stderr: this.masked(String(stderr)) }));
    return stdout;
  }

  /** What git says, as people may see it. */
  masked(text: string): string {
    return maskAddresses(this.#scrub(text));
  }

  /**
   * Starts git, its three streams open. Errors to start arrive as the child's `error`.
   * @param env further variables
   */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
    const child = spawn('git', [...this.#prefix, ...args], {
      cwd: this.#cwd,
      env: { ...this.#env, ...env },
      detached: HAS_GROUPS,
    });
    // Writing to a git that has just ended is no error of its own: its end is told by `close`.
    child.stdin.on('error', () => {});
    return child;
  }
}

/**
 * A group of its own: git leaves the network to processes that it starts, and these outlive it when it is ended
 * alone. Besides, Ctrl-C on the terminal is ours to act on.
 */
const HAS_GROUPS = process.platform !== 'win32';

/** Asks git and whatever it has started to end. */
export function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    if (HAS_GROUPS) process.kill(-child.pid, 'SIGTERM');
    else child.kill('SIGTERM');
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** Adds settings to those that the environment passes already (git-config, GIT_CONFIG_COUNT). */
function withConfig(env: NodeJS.ProcessEnv, config: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const settings = Object.entries(config);
  if (settings.length === 0) return env;
  const before = Number(env.GIT_CONFIG_COUNT ?? 0) || 0;
  const added = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${before + index}`, key],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return { ...env, ...Object.fromEntries(added), GIT_CONFIG_COUNT: String(before + settings.length) };
}

/** What to say when git could not even be started. */
export function notRunnable(error: Error): Failure {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new Failure(missing ? 'git cannot be found' : `git cannot be run: ${error.message}`, {
    hint: 'Install git 2.24 or newer, and see that it is in PATH.',
    cause: error,
  });
}

/**
 * What ssh and the remote say before git's own line is the cause, and often the way out; these lines are not. Traces differ each
 * time, and hold what is sent.
 */
const PROGRESS =
  /^(hint: |warning: |From |Fetching |Cloning into |Warning: Permanently added |remote: (Enumerating|Counting|Compressing|Total) |\d\d:\d\d:\d\d\.\d+ |OpenSSH_|debug\d: )/;
/** Of a remote's words, which may be many. */
const LONGEST_CAUSE = 300;

/** The line of git's words that says what is wrong, with its cause, and the command that git itself names as the way out. */
export function complaint({ stderr, code }: Pick<GitResult, 'stderr' | 'code'>): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const told = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1);
  const line =
    told?.replace(/^(fatal|error): /, '') ?? (code === null ? 'it was ended' : `exit code ${code}`);
  // Who owns a checkout in a container is often another user.
  const wayOut = /^(?:remote: )?\s*(git config .*safe\.directory.*)$/m.exec(stderr)?.[1];
  if (wayOut) return `${line} (where that is as it should be: ${wayOut})`;
  const said = lines
    .slice(0, told === undefined ? 0 : lines.indexOf(told))
    .filter((each) => !PROGRESS.test(each));
  const cause = said
    .map((each) => each.replace(/^remote: */, '').trim())
    .filter(Boolean)
    .join(' ');
  return cause === '' ? line : `${line} (${cause.slice(0, LONGEST_CAUSE)})`;
}
