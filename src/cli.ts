#!/usr/bin/env node
import { oldestNode, version } from './version.ts';

/*
 * This file must parse on versions of Node.js that are too old for the rest, so that it can say so: no newer syntax,
 * and everything else is loaded on demand.
 */

const argv = process.argv.slice(2);
if ([process.versions.node, process.version].some(isTooOld)) {
  process.stderr.write(
    `reelstate: this needs Node.js ${oldestNode} or newer, and runs on ${process.version}\n`,
  );
  process.exitCode = 1;
} else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  // --version needs nothing else of the program: it takes as long as Node takes to start.
  process.stdout.on('error', () => {
    process.exitCode = 1;
  });
  process.stdout.write(`${version}\n`);
} else run();

/** @param running such as "18.20.8" or "v18.20.8" */
function isTooOld(running: string): boolean {
  const has = running.replace(/^v/, '').split('.').map(parseFloat);
  const needs = oldestNode.split('.').map(parseFloat);
  const other = needs.findIndex((part, index) => part !== has[index]);
  return other !== -1 && Number(has[other]) < Number(needs[other]);
}

function run(): void {
  Promise.all([import('./main.ts'), import('./process-io.ts')]).then((loaded) => {
    const [main, processIo] = [loaded[0].main, loaded[1].processIo];
    // If the event loop runs empty before the command is done, that is not a success.
    process.exitCode = 1;
    let io: ReturnType<typeof processIo>;
    try {
      io = processIo();
    } catch (error) {
      process.stderr.write(`reelstate: ${(error as Error).message}\n`);
      return;
    }
    return main(argv, io).then((code) => {
      process.exitCode = code;
    });
  });
}
