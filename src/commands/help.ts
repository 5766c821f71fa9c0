import { type Command, Help, type HelpConfiguration, type Option } from 'commander';
import { HELP_TEXTS } from './help-texts.ts';
import { variableOf } from './variable.ts';

/*
 * How the help of a command looks: its own flags, those of every command, what is to be known, exit codes, an example.
 * Everything is wrapped to the terminal's width.
 */

/** Above the flags that every command takes. */
export const COMMON_FLAGS = 'Flags of every command:';

/** Flags that have no variable, by command: what is made in one call, and where, is said with it. */
const WITHOUT_VARIABLE: Readonly<Record<string, readonly string[]>> = {
  '': ['version'],
  plan: ['out'],
  import: ['app-id', 'resource-id', 'sid', 'mode', 'cname', 'uid', 'name', 'out', 'only'],
  schema: ['settings'],
  simulate: ['listen', 'recordings', 'latency', 'fault', 'seed'],
  'state export': ['out'],
};

/** Columns that a description needs beside its flag; with fewer it stands below. */
const BESIDE = 40;
/** How far a description below its flag is indented. */
const BELOW = 6;
/** Lines are not cut at fewer columns: a longer word would stand on a line of its own in any case. */
const NARROWEST = 20;

/** What follows `reelstate` on the command line to call this command: "state list". */
export function pathOf(command: Command): string {
  const { parent } = command;
  return parent ? `${pathOf(parent)} ${command.name()}`.trimStart() : '';
}

/** Gives a command its help. To be called once it has all of its flags. */
export function addHelp(command: Command): void {
  command.configureHelp({
    minWidthToWrap: NARROWEST,
    optionDescription: (option) => described(option, command),
    formatItem,
  } satisfies HelpConfiguration & Partial<Help>);
  command.addHelpText('after', ({ command: shown, error }) => endOf(shown, widthOf(shown, error)));
}

/**
 * A flag's line in the help, with its variable. Not commander's env(), which reads the process's own environment, takes
 * "0" for yes and an empty variable as given, and lets one hide a flag before the command's name.
 */
function described({ long, description }: Option, command: Command): string {
  const name = long?.slice(2) ?? 'help';
  if (name === 'help' || WITHOUT_VARIABLE[pathOf(command)]?.includes(name)) return description;
  return `${description} [$${variableOf(name)}]`;
}

/** A term with its description beside it, or below it where the terminal is too narrow. */
function formatItem(this: Help, term: string, termWidth: number, description: string, helper: Help): string {
  const width = helper.helpWidth ?? 80;
  if (description === '' || width - termWidth - 4 >= BESIDE)
    return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
  return `  ${term}\n${indented(helper.boxWrap(description, width - BELOW), BELOW)}`;
}

function endOf(command: Command, width: number): string {
  const text = HELP_TEXTS[pathOf(command)];
  if (!text) return '';
  const { notes, exits, example } = text;
  const helper = new Help();
  helper.minWidthToWrap = NARROWEST;
  const wrapped = (line: string, indent: number) => indented(helper.boxWrap(line, width - indent), indent);
  const codes = Object.entries({ ...exits, 64: 'the command line is wrong' });
  return [
    ...(notes === undefined
      ? []
      : [
          '',
          notes
            .trimEnd()
            .split('\n')
            .map((line) => (line.startsWith(' ') ? line : wrapped(line, 0)))
            .join('\n'),
        ]),
    '',
    'Exit codes:',
    ...codes.map(([code, meaning]) => `  ${code.padEnd(4)}${wrapped(meaning, 6).trimStart()}`),
    '',
    'Example:',
    `  reelstate ${example}`,
  ].join('\n');
}

function indented(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by));
}

function widthOf(command: Command, error: boolean): number {
  const { getOutHelpWidth, getErrHelpWidth } = command.configureOutput();
  return (error ? getErrHelpWidth : getOutHelpWidth)?.() ?? 80;
}
