import type { Command, Option } from 'commander';
import { REGIONS } from '../agora/domains.ts';
import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { SCRIPTS } from './completion-scripts.ts';
import { pathOf } from './help.ts';
import { LOG_LEVELS } from './settings.ts';

/** What may stand in a place of the command line. */
export type Value = { choices: readonly string[] } | 'name' | 'name or file' | 'file' | 'folder' | 'anything';

export interface SpokenFlag {
  /** "--dir" */
  long: string;
  description: string;
  /** Undefined: the flag takes no value. */
  value: Value | undefined;
}

/** A command as a shell completes it. */
export interface Spoken {
  /** What follows `reelstate`, such as "state list"; "" is reelstate itself. */
  path: string;
  /** Its own name and its aliases. */
  names: readonly string[];
  description: string;
  flags: readonly SpokenFlag[];
  /** What its arguments are; undefined: it takes none. */
  takes: Value | undefined;
  commands: readonly Spoken[];
}

const FORMS = ['text', 'json', 'markdown'];

/** The values of flags that take one of a few; of a flag that takes others with one command the command stands before it. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  '--output': FORMS,
  'plan --output': [...FORMS, 'html'],
  'preview --output': [...FORMS, 'svg', 'png', 'html'],
  '--log-level': LOG_LEVELS,
  '--rate-scope': ['account', 'app'],
  '--region': Object.keys(REGIONS),
  '--unsubscribe-spelling': ['unSubscribe', 'unsubscribe'],
  '--log-format': ['json', 'pretty'],
  '--mode': ['individual', 'mix', 'web'],
  '--ci': ['github', 'gitlab', 'none'],
};

/** By what a flag or an argument calls its value in the help: "<dir>" is a folder. */
const BY_PLACEHOLDER: Readonly<Record<string, Value>> = {
  dir: 'folder',
  file: 'file',
  path: 'file',
  names: 'name',
  name: 'name',
  old: 'name',
  'start-json': 'file',
  shell: { choices: Object.keys(SCRIPTS) },
};

/** Commands that take files in the place of names. */
const NAMES_OR_FILES = ['apply', 'preview'];

/** `reelstate completion SHELL`: prints the script that completes `program` in a shell. @throws Failure (64) for an unknown shell */
export async function completion(shell: string | undefined, program: Command, io: Io): Promise<number> {
  const script = Object.hasOwn(SCRIPTS, shell ?? '') ? SCRIPTS[shell as keyof typeof SCRIPTS] : undefined;
  if (!script)
    throw usage(`completion ${JSON.stringify(shell)}: must be one of ${Object.keys(SCRIPTS).join(', ')}`);
  await io.out(script(spokenOf(program)));
  return 0;
}

function spokenOf(command: Command): Spoken {
  const path = pathOf(command);
  const below = command.commands.map(spokenOf);
  const names = below.flatMap((each) => each.names);
  return {
    path,
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    flags: command
      .createHelp()
      .visibleOptions(command)
      .flatMap((option) => flagOf(option, path)),
    takes: takenBy(command, path),
    commands: below.length > 0 ? [...below, helpOf(path, names)] : [],
  };
}

function takenBy({ registeredArguments: [first] }: Command, path: string): Value | undefined {
  if (!first) return undefined;
  return NAMES_OR_FILES.includes(path) ? 'name or file' : (BY_PLACEHOLDER[first.name()] ?? 'anything');
}

/** The command that commander adds wherever there are others. */
function helpOf(path: string, choices: readonly string[]): Spoken {
  return {
    path: `${path} help`.trimStart(),
    names: ['help'],
    description: 'show the help of a command',
    flags: [],
    takes: { choices },
    commands: [],
  };
}

function flagOf({ long, description, flags, required }: Option, path: string): SpokenFlag[] {
  if (!long) return [];
  if (!required) return [{ long, description, value: undefined }];
  const choices = CHOICES[`${path} ${long}`] ?? CHOICES[long];
  const placeholder = /<([^>]+)>/.exec(flags)?.[1] ?? '';
  // The names of a flag are no recordings.
  const kind = placeholder === 'name' ? undefined : BY_PLACEHOLDER[placeholder];
  return [{ long, description, value: choices ? { choices } : (kind ?? 'anything') }];
}
