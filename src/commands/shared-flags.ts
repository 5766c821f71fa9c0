import type { Command } from 'commander';
import { COMMON_FLAGS } from './help.ts';

/*
 * Flags that several commands take, in groups: each adds its own to a command.
 */

/** Of a flag that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The flags that every command takes; each has a variable, REELSTATE_DIR for --dir and so on. */
export function common(command: Command): Command {
  return command
    .optionsGroup(COMMON_FLAGS)
    .helpOption('-h, --help', 'show this help')
    .option('--dir <dir>', 'the folder with the recording files (default: recordings)')
    .option('--state <dir>', 'the state: a folder, or postgres://USER@HOST/DATABASE (default: .reelstate)')
    .option(
      '--config <file>',
      'the settings file with the accounts (default: reelstate.yaml in the working directory, where it exists)',
    )
    .option(
      '--endpoint <url>',
      'where the service is; may be given several times; plain HTTP on this machine only (default: the two public domains)',
      several,
    )
    .option(
      '--rate <number>',
      'requests a second of each account; with 50 concurrent recordings the service may take only 5 (default: 10)',
    )
    .option('--output <form>', 'text, json or markdown (default: text)')
    .option('--json', 'short for --output json')
    .option('--no-color', 'no colours; NO_COLOR does the same')
    .option('--no-cache', "read all files in full, and keep nothing in the user's cache folder")
    .option('--log-level <level>', 'error, warn, info or debug (default: info)');
}

/** Of commands that send. */
export function sending(command: Command): Command {
  return command
    .option('--rate-scope <scope>', 'what shares the allowance: account or app (default: account)')
    .option(
      '--region <area>',
      'where this machine is: us, ap, eu or cn; says which domains are tried, in which order',
    )
    .option('--timeout <duration>', 'how long one call may take (default: 10s)')
    .option('--keep-history <duration>', 'how long calls stay in the history (default: 30d)');
}

/** Of commands that make a plan. */
export function planning(command: Command): Command {
  return spelling(
    bounded(
      fromGit(
        selecting(command)
          .option('--resync', 'send the whole state of recordings that have not changed, too')
          .option('--allow-empty', 'accept that there are no files although the state has recordings'),
      ),
    ),
  );
}

/** Beside names: both must hold. */
export function selecting(command: Command): Command {
  return command.option(
    '--select <key=value>',
    'only recordings with this label, or with KEY!=VALUE without it; may be given several times: all must hold',
    several,
  );
}

/** What recording files may name. Of several in a variable commas stand between them. */
export function bounded(command: Command): Command {
  return command
    .option(
      '--secrets-dir <dir>',
      'a folder, besides the one that holds --dir, that fromFile may lead into; may be given several times',
      several,
    )
    .option(
      '--allow-env <name>',
      'a variable that fromEnv may name, or its beginning and *; may be given several times (default: all but our own)',
      several,
    )
    .option(
      '--allow-command <file>',
      'a program that fromCommand may run; may be given several times (default: all)',
      several,
    );
}

/** Whose the files are. */
export function untrusting(command: Command): Command {
  return command.option(
    '--untrusted',
    "the files are a stranger's: read no variable and no file that they name, and run nothing",
  );
}

/** Files from a commit. */
export function fromGit(command: Command): Command {
  return command
    .option('--git', 'take only what is committed, whatever the working tree looks like')
    .option('--ref <commit>', 'the branch, tag or commit to take with --git (default: HEAD)');
}

/** How the API's own names are spelled. */
export function spelling(command: Command): Command {
  return command.option(
    '--unsubscribe-spelling <spelling>',
    'send unSubscribe or unsubscribe in the names of the lists (default: as the file has it)',
  );
}
