import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Failure } from './model/failure.ts';
import type { Io } from './model/ports.ts';
import { isOwnVariable } from './secrets/environment.ts';
import { systemClock, systemRandom } from './system-clock.ts';

/** What a shell reports for a process that a signal ended: 128 and the signal's number. */
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

/** This process: its streams, environment, clock and signals. */
export function processIo(): Io {
  const stopping = new AbortController();
  let obeyed = false;
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      signals++;
      // The state is safe at any moment, so the second signal need not wait for anything.
      if (!obeyed || signals > 1) process.exit(EXIT_BY_SIGNAL[signal]);
      stopping.abort();
    });
  // A closed reader (a pager, head) is not a failure: nothing would read a message. Where the results cannot be written
  // for another reason, such as a full disk, the work under way is finished all the same.
  process.stderr.on('error', () => {});
  process.stdout.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    process.stdout.on('error', () => {});
    if (code === 'EPIPE') return;
    process.stderr.write(`reelstate: the results cannot be written: ${message}\n`);
    process.on('exit', () => {
      process.exitCode = 1;
    });
  });
  const env = environment();
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    input: async () => Buffer.concat(await process.stdin.toArray()),
    env,
    conceal(names) {
      hide(names.filter((name) => env[name]));
      // The libraries' own copy, too.
      for (const name of names) for (const each of [env, process.env]) delete each[name];
    },
    cwd: workingDirectory(),
    clock: systemClock,
    random: systemRandom,
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    // A terminal that does not know its width says 0.
    columns: process.stdout.columns || process.stderr.columns || 80,
    // Standard input is looked at where it is needed: that takes a millisecond.
    get ask() {
      return makeAsk();
    },
    onHangup(listener) {
      // For good: without a listener the signal would end the process.
      process.on('SIGHUP', listener);
    },
    get stop() {
      obeyed = true;
      return stopping.signal;
    },
  };
}

/**
 * The environment, as it was at the start. What the system shows of it to other processes of the same user
 * (proc_pid_environ(5)) is what the process was started with, whatever is unset afterwards: there our own variables are
 * written over, so that a program that a recording file names does not find them in its parent. All of them, because an
 * address may hold a token, too. Linux alone lets a process do that; where it cannot be done it is left as it is.
 *
 * The libraries see a plain object from then on: the YAML library asks at every token for two variables, and asking the
 * process takes a sixth of all the time that reading takes. It sees neither, because with them it prints what it reads
 * to standard output.
 */
export function environment(): Record<string, string | undefined> {
  const own = Object.keys(process.env).filter((name) => isOwnVariable(name) && process.env[name]);
  // Setting them again moves each value to memory of its own.
  if (own.length > 0 && process.platform === 'linux')
    for (const name of own) process.env[name] = `${process.env[name]}`;
  hide(own);
  const env = { ...process.env };
  const { LOG_STREAM: _stream, LOG_TOKENS: _tokens, ...others } = env;
  process.env = others;
  return env;
}

/** Writes over what the system shows of these variables; where that cannot be done it is left as it is. */
function hide(names: readonly string[]): void {
  if (names.length === 0 || process.platform !== 'linux') return;
  try {
    overwrite(names);
  } catch {
    // No /proc, or one that may not be written to.
  }
}

/** Writes over the values of these variables in the block that the process was started with. */
function overwrite(names: readonly string[]): void {
  const block = readFileSync('/proc/self/environ');
  const status = readFileSync('/proc/self/stat', 'latin1');
  // proc_pid_stat(5): the fields behind the program's name begin with the third; env_start is the 50th.
  const start = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[47]);
  if (!Number.isSafeInteger(start) || start <= 0) return;
  const memory = openSync('/proc/self/mem', 'r+');
  try {
    let at = 0;
    for (const entry of block.toString('latin1').split('\0')) {
      const name = names.find((each) => entry.startsWith(`${each}=`));
      const length = name === undefined ? 0 : entry.length - name.length - 1;
      if (name !== undefined && length > 0)
        writeSync(memory, Buffer.alloc(length, '*'), 0, length, start + at + name.length + 1);
      at += entry.length + 1;
    }
  } finally {
    closeSync(memory);
  }
}

/** @throws Failure where it was removed under the process */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    throw new Failure('the working directory does not exist any more');
  }
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/** Asks on standard error, or on standard output where only that is a terminal: the results may be redirected. */
function makeAsk(): Io['ask'] {
  const output = [process.stderr, process.stdout].find(({ isTTY }) => isTTY);
  return process.stdin.isTTY && output ? (question) => ask(question, output) : undefined;
}

async function ask(question: string, output: NodeJS.WriteStream): Promise<string> {
  // A prompt is drawn anew with every key: of many lines it is the last.
  const last = question.lastIndexOf('\n') + 1;
  output.write(question.slice(0, last));
  const prompt = createInterface({ input: process.stdin, output });
  try {
    return await new Promise<string>((resolve) => {
      // Ctrl-C and the end of input both mean no.
      prompt.once('SIGINT', () => {
        output.write('\n');
        resolve('');
      });
      prompt.once('close', () => resolve(''));
      prompt.question(question.slice(last)).then(resolve, () => resolve(''));
    });
  } finally {
    prompt.close();
  }
}
