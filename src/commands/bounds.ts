import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { type Bounds, boundsOf } from '../desired/bounds.ts';
import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { isFolder } from '../state/open.ts';
import type { Accounts } from './accounts.ts';
import { isSet, listOf, type RawOptions, type Settings, textOf } from './settings.ts';

/**
 * What recording files may name, as the flags and variables say.
 * @param of the folder that the files are in, unless that is `settings.dir`; `isRemote`: they are fetched from
 * elsewhere, so nothing is theirs to name that is not allowed expressly
 * @throws Failure (64) for what is no name of a variable
 */
export function readBounds(
  raw: RawOptions,
  settings: Pick<Settings, 'dir' | 'state'> & { accounts: Accounts | undefined },
  io: Io,
  of: { dir?: string; isRemote?: boolean } = {},
): Bounds {
  const { dir = settings.dir, isRemote = false } = of;
  const { accounts } = settings;
  const variables = listOf('allowEnv', raw, io) ?? (isRemote ? [] : undefined);
  for (const name of variables ?? [])
    if (!/^[A-Za-z_][A-Za-z0-9_]*\*?$/.test(name))
      throw usage(
        `--allow-env ${JSON.stringify(name)}: must be the name of a variable, or its beginning and *`,
      );
  const commands = listOf('allowCommand', raw, io) ?? (isRemote ? [] : undefined);
  return boundsOf({
    ...{ dir, cwd: io.cwd, env: io.env, variables },
    ...(isFolder(settings.state) ? { state: settings.state } : {}),
    programs: commands && new Set(commands.flatMap((command) => callsFor(command, io))),
    secretsDirs: listOf('secretsDir', raw, io) ?? [],
    untrusted: isSet('untrusted', raw, io),
    isTop: existsSync(join(resolve(io.cwd, dir), '.git')),
    closed: [
      ...TOKEN_FILES.flatMap((name) => textOf(name, raw, io) ?? []).map((file) => resolve(io.cwd, file)),
      ...(accounts?.files ?? []),
    ],
    ...(accounts?.file === undefined
      ? {}
      : { accountVariables: accounts.variables, appId: (appId) => accounts.unserved(appId) }),
  });
}

/** Flags that name a file with a token of reelstate's own. */
const TOKEN_FILES = ['listenTokenFile', 'daemonTokenFile'] as const;

/** How a file may call a program that is allowed by its path: by the path, and by its name where PATH leads to it. */
function callsFor(command: string, { cwd, env }: Io): string[] {
  if (!command.includes('/') && !isAbsolute(command)) return [command];
  const path = resolve(cwd, command);
  const real = realOf(path);
  const name = basename(path);
  const inPath = (env.PATH ?? '').split(delimiter).map((folder) => join(resolve(cwd, folder), name));
  const found = inPath.find(isExecutable);
  return [path, real, ...(found !== undefined && realOf(found) === real ? [name] : [])];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
