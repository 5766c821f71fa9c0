import { setMaxListeners } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Failure } from './model/failure.ts';
import type { Clock, Io } from './model/ports.ts';

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // Longer than setTimeout can count (2^31 - 1 ms) fires at once: the caller looks again anyway.
      const timer = setTimeout(done, Math.min(ms, 0x7fffffff));
      if (!signal) return;
      // A thousand recordings may wait until one thing is over: that is no leak, and Node shall not call it one.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', done);
    }),
};

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
  // A reader that has gone (a pager, head) is no failure of ours: there is nobody left to tell. Where the results
  // cannot be written for another reason, a disk that is full, what is under way is finished all the same.
  process.stderr.on('error', () => {});
  process.stdout.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    process.stdout.on('error', () => {});
    if (code === 'EPIPE') return;
    process.stderr.write(`reelstate: the results cannot be written: ${message}\n`);
    process.on('exit', () => {
      process.exitCode = 1;
    });
  });
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    env: process.env,
    cwd: workingDirectory(),
    clock: systemClock,
    random: Math.random,
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    // A terminal that does not know its width says 0.
    columns: process.stdout.columns || 80,
    ask: makeAsk(),
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

/** Somebody types, and reads one of the two streams: standard error, because the results may go anywhere. */
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
