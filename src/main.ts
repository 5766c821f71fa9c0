import { Command, CommanderError } from 'commander';
import { addCommands } from './commands/commands.ts';
import { Failure } from './model/failure.ts';
import type { Io } from './model/ports.ts';
import { printable } from './render/style.ts';
import { version } from './version.ts';

/** EX_USAGE of sysexits.h: the command line is wrong. */
const WRONG_COMMAND_LINE = 64;

/**
 * Arguments → command → exit code. The one place where an error becomes a message: a user's mistake is told in
 * a line and a hint, and never shows a stack trace.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  let complained = false;
  const program = new Command('reelstate')
    .description('Keeps live Agora cloud recordings as YAML files say.')
    .version(version, '-V, --version', 'print the version')
    .configureOutput({
      writeOut: (text) => void io.out(text),
      writeErr: (text) => {
        complained = true;
        void io.err(text);
      },
      // Where the help is no page on a terminal it has the width of one.
      getOutHelpWidth: () => (io.outIsTerminal ? io.columns : 80),
      getErrHelpWidth: () => (io.errIsTerminal ? io.columns : 80),
      outputError: (text, write) => write(text.replace(/^error: /, 'reelstate: ')),
    })
    .showSuggestionAfterError()
    .exitOverride();
  addCommands(program, io, (code) => {
    exitCode = code;
  });
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return WRONG_COMMAND_LINE;
    }
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 || (error.code === 'commander.help' && !complained)
        ? 0
        : WRONG_COMMAND_LINE;
    return tell(error, argv, io);
  }
}

async function tell(error: unknown, argv: readonly string[], io: Io): Promise<number> {
  if (error instanceof Failure) {
    await io.err(
      `reelstate: ${printable(error.message)}\n${error.hint ? `  ${printable(error.hint)}\n` : ''}`,
    );
    return error.exitCode;
  }
  const { message, code } = error as NodeJS.ErrnoException;
  // A system error ("ENOSPC") is shown to the user; a code of Node's own ("ERR_…") means a wrong call, a defect.
  const isOfSystem = code !== undefined && !String(code).startsWith('ERR_');
  if (isOfSystem) {
    await io.err(`reelstate: ${printable(message)}\n`);
    return 1;
  }
  const debug = /--log-level[ =]debug/.test(argv.join(' ')) || io.env.REELSTATE_LOG_LEVEL === 'debug';
  await io.err(
    `reelstate: this is a defect of reelstate, please report it: ${printable(message ?? String(error))}\n`,
  );
  await io.err(debug ? `${(error as Error).stack}\n` : '  With --log-level debug it says where.\n');
  return 1;
}
