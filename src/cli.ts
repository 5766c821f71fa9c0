#!/usr/bin/env node
import type { Io } from './model/ports.ts';
import { version } from './version.ts';

const argv = process.argv.slice(2);
// The one question that needs nothing else of the program: it is answered in the time that Node takes to start.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.on('error', () => {
    process.exitCode = 1;
  });
  process.stdout.write(`${version}\n`);
} else void run();

async function run(): Promise<void> {
  const [{ main }, { processIo }] = await Promise.all([import('./main.ts'), import('./process-io.ts')]);
  let io: Io;
  try {
    io = processIo();
  } catch (error) {
    process.stderr.write(`reelstate: ${(error as Error).message}\n`);
    process.exitCode = 1;
    return;
  }
  // Should nothing be left to wait for, although it is not done: that is no success.
  process.exitCode = 1;
  process.exitCode = await main(argv, io);
}
