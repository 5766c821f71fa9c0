import { dirname, isAbsolute, parse, relative, resolve, sep } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { isOwnVariable } from '../secrets/environment.ts';

/*
 * What references may lead to. Recording files are often written by more people than may read this machine's
 * variables and files or run programs on it, so everything that a file names is held against these bounds first.
 */

/** Folders that files may be read from. Links are followed before a path is held against them. */
export interface Reach {
  /** Absolute. */
  folders: readonly string[];
  /** Folders and files within them that may not be read all the same. Absolute. */
  closed: readonly string[];
}

export interface Bounds {
  /** The folder of the recording files, absolute: source lines are quoted from here alone. */
  dir: string;
  /** Where a link among the recording files may lead: the folder that holds `dir`, and `dir` itself. */
  links: Reach;
  /** Where `fromFile` may lead. */
  files: Reach;
  /** Names of variables, or beginnings of names with "*" behind; undefined: all but reelstate's own. */
  variables?: readonly string[];
  /** Programs by absolute path, or by a name without a folder; undefined: all. */
  programs?: ReadonlySet<string>;
  /** The files are not trusted (--untrusted): no reference is followed. */
  untrusted: boolean;
  /** Variables that the settings file names: they hold an account's credentials, and are never values. */
  accountVariables?: ReadonlySet<string>;
  /** Why nothing may be sent for an App ID; undefined where an account sends for it. Left out: one does for each. */
  appId?: (appId: string) => Unserved | undefined;
}

/** Why nothing can be sent for an App ID: its recording has an error, or its account's credentials are not at hand. */
export type Unserved = { summary: string; detail: string } | { missing: readonly Diagnostic[] };

export interface BoundsOptions {
  dir: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The state folder, absolute: it holds the key of the secrets' fingerprints. */
  state?: string;
  secretsDirs?: readonly string[];
  variables?: readonly string[] | undefined;
  programs?: ReadonlySet<string> | undefined;
  untrusted?: boolean;
  /** Files that are closed although they may lie in a folder that is open, such as those of tokens. */
  closed?: readonly string[];
  accountVariables?: ReadonlySet<string>;
  appId?: Bounds['appId'];
  /** `dir` is the top of a checkout, so that folders beside it belong to other projects. */
  isTop?: boolean;
}

/** Where container engines and orchestrators mount secrets. */
const RUN_SECRETS = '/run/secrets';

/** The bounds of a folder of recording files. */
export function boundsOf(options: BoundsOptions): Bounds {
  const { cwd, env, state, secretsDirs = [], variables, programs, untrusted = false, isTop } = options;
  const dir = resolve(cwd, options.dir);
  const holder = dirname(dir);
  // The root of the file system holds everything, and would be no bound.
  const isAlone = holder === parse(dir).root || (untrusted && isTop);
  const own = isAlone ? [dir] : [holder, dir];
  // systemd.exec(5), LoadCredential=
  const credentials = env.CREDENTIALS_DIRECTORY;
  const { accountVariables, appId } = options;
  const closed = [...(state === undefined ? [] : [state]), ...(options.closed ?? [])];
  return {
    dir,
    links: { folders: own, closed },
    files: {
      folders: [
        ...own,
        RUN_SECRETS,
        ...(credentials && isAbsolute(credentials) ? [credentials] : []),
        ...secretsDirs.map((folder) => resolve(cwd, folder)),
      ],
      closed,
    },
    ...(variables === undefined ? {} : { variables }),
    ...(programs === undefined ? {} : { programs }),
    untrusted,
    ...(accountVariables === undefined ? {} : { accountVariables }),
    ...(appId === undefined ? {} : { appId }),
  };
}

/** Why a file may not use a variable; undefined where it may. */
export function variableOutside(name: string, bounds: Bounds | undefined): string | undefined {
  if (isOwnVariable(name)) return `the variable ${name} is reelstate's own and never a value`;
  if (bounds?.accountVariables?.has(name))
    return `the variable ${name} is an account's, by the settings file, and never a value`;
  const { variables } = bounds ?? {};
  const isNamed = (entry: string) =>
    entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : entry === name;
  return variables && !variables.some(isNamed) ? `the variable ${name} is not allowed here` : undefined;
}

/** Whether a path is a folder or lies in it, going by the words alone. */
export function isInside(folder: string, path: string): boolean {
  const from = relative(folder, path);
  return from !== '..' && !from.startsWith(`..${sep}`) && !isAbsolute(from);
}

/**
 * Whether a path without links in it is in reach. A repository's own folder is not: it may hold the token that it was
 * cloned with.
 */
export function isInReach(path: string, { folders, closed }: Reach): boolean {
  return (
    folders.some((folder) => isInside(folder, path) && !relative(folder, path).split(sep).includes('.git')) &&
    !closed.some((folder) => isInside(folder, path))
  );
}

/** What a program that a file names is called when it is started: a path counts from the file's folder, a mere name from PATH. */
export function programPath(written: string, file: string, cwd: string): string {
  if (!written.includes('/') && !written.includes(sep)) return written;
  if (isAbsolute(written)) return written;
  const path = resolve(cwd, dirname(file), written);
  // The same in every checkout, so that a plan made in one is a plan for the other.
  const from = relative(cwd, path);
  return isInside(cwd, path) ? `.${sep}${from}` : path;
}

/** Whether a program, as `programPath` has it, may be run. */
export function isAllowedProgram(program: string, cwd: string, { programs }: Bounds): boolean {
  if (!programs) return true;
  const isName = !program.includes('/') && !program.includes(sep);
  return programs.has(isName ? program : resolve(cwd, program));
}
