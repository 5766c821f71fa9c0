#!/usr/bin/env node
import { version } from './version.ts';

const argv = process.argv.slice(2);
// The one question that needs nothing else of the program: it is answered in the time that Node takes to start.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) process.stdout.write(`${version}\n`);
else {
  const [{ main }, { processIo }] = await Promise.all([import('./main.ts'), import('./process-io.ts')]);
  process.exitCode = await main(argv, processIo());
}
