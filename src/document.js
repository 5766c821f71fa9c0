/*
 * Writes what --help says into docs/commands.md, between its two marks: `npm run generate`. The names, flags, variables,
 * defaults and notes are those of the command definitions (commands/commands.ts); what stands around them is written by hand.
 *
 *   node src/document.js           writes the page where it is out of date
 *   node src/document.js --check   writes nothing; exits with 1 when it is out of date
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { build } from 'rolldown';

const page = join(import.meta.dirname, 'docs/commands.md');
const BEGIN = '<!-- generated: npm run generate writes what stands from here -->';
const END = '<!-- generated: to here -->';

/** The definitions are TypeScript, which Node 20 does not run; what a command loads when it is called is left out. */
async function definitions() {
  const folder = mkdtempSync(join(tmpdir(), 'reelstate-document-'));
  try {
    const file = join(folder, 'commands.cjs');
    await build({
      input: join(import.meta.dirname, 'commands/commands.ts'),
      platform: 'node',
      plugins: [
        {
          name: 'without-the-commands',
          resolveId: (id, _importer, { kind }) => (kind === 'dynamic-import' ? { id, external: true } : null),
        },
      ],
      output: { file, format: 'cjs' },
    });
    return createRequire(file)(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map(
    (row) => `|${row.map((text) => (text ? ` ${text} ` : ' ')).join('|')}|`,
  );

/** A flag's row: its term, its variable, its default, and what is left of its description. */
function flagRow(command, option) {
  const help = command.createHelp();
  const text = help.optionDescription(option).replaceAll(/\s+/g, ' ');
  const variable = / \[\$(\w+)\]$/.exec(text)?.[1];
  const fallback = /\(default: (.*?)\)(?= \[\$|$)/.exec(text)?.[1] ?? '';
  const rest = text.replace(/ \[\$\w+\]$/, '').replace(/ \(default: .*\)$/, '');
  const cells = [cell(fallback), cell(rest)];
  return [`\`${help.optionTerm(option)}\``, variable ? `\`${variable}\`` : '', ...cells];
}

/** What stands below the flags in the help. */
function notes(command) {
  let shown = '';
  command.configureOutput({
    writeOut: (text) => {
      shown += text;
    },
  });
  command.outputHelp();
  return shown.slice(command.helpInformation().length).trim();
}

const nameOf = (command) =>
  command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();

function section(command, isCommon) {
  const own = command.createHelp().visibleOptions(command);
  const flags = own.filter((option) => option.long !== '--help' && !isCommon(option));
  const aliases = command.aliases().map((alias) => ` Also \`${alias}\`.`);
  const text = notes(command);
  return [
    `### ${nameOf(command)}`,
    '',
    `\`reelstate ${nameOf(command)} ${command.usage()}\`: ${command.description()}.${aliases.join('')}`,
    '',
    ...(flags.length > 0
      ? [
          ...table(
            ['flag', 'variable', 'default', ''],
            flags.map((option) => flagRow(command, option)),
          ),
          '',
        ]
      : []),
    ...(text ? ['```text', text, '```', ''] : []),
  ];
}

function document(program) {
  const common = program.options.filter(({ long }) => long !== '--version');
  const isCommon = ({ long }) => common.some((option) => option.long === long);
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const all = commands.flatMap((command) => [command, ...command.commands]);
  return [
    ...table(
      ['command', ''],
      commands.map((command) => [
        `[\`reelstate ${command.name()}\`](#${command.name()})`,
        cell(command.description()),
      ]),
    ),
    '',
    '## Flags of every command',
    '',
    ...table(
      ['flag', 'variable', 'default', ''],
      common.map((option) => flagRow(program, option)),
    ),
    '',
    '## Each command, and its own flags',
    '',
    ...all.flatMap((command) => section(command, isCommon)),
  ].join('\n');
}

const { addCommands } = await definitions();
const program = new Command('reelstate');
// The widest line is the text's own.
program.configureOutput({ getOutHelpWidth: () => 120 });
addCommands(program, {}, () => {});
const before = readFileSync(page, 'utf8');
const [head = '', rest = ''] = before.split(`${BEGIN}\n`);
const tail = rest.slice(rest.indexOf(END));
const after = `${head}${BEGIN}\n\n${document(program)}\n${tail}`;
if (after !== before) {
  const check = process.argv.includes('--check');
  if (!check) writeFileSync(page, after);
  process.stderr.write(
    `src/docs/commands.md: ${check ? 'out of date, run `npm run generate`' : 'written'}\n`,
  );
  process.exitCode = check ? 1 : 0;
}
