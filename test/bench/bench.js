/*
 * The benchmark: `npm run bench`. Times whole processes of the built command, each beside the least that anybody
 * could do in its place, in turns in one run, so that whatever else the machine does hits both. On a machine with
 * other work the milliseconds say little; the ratios hold.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecordings } from './recordings.js';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const FLOOR = join(import.meta.dirname, 'floor.js');
const RUNS = 7;
const FEW = 10;
const MANY = 1_000;

const folder = mkdtempSync(join(tmpdir(), 'reelstate-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
// A signal would end the process without the line above.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const few = join(folder, 'few');
const many = join(folder, 'many');
writeRecordings(few, FEW);
writeRecordings(many, MANY);
checkPlan();

let inside = [];
const cases = [
  { name: 'node -e 0', args: ['-e', '0'] },
  { name: 'reelstate --version', args: [CLI, '--version'], beside: 'node -e 0' },
  { name: `reelstate validate, ${FEW} files`, args: [CLI, 'validate', '--dir', few], beside: 'node -e 0' },
  { name: `read and parse ${MANY} files`, args: [FLOOR, many], output: (text) => inside.push(Number(text)) },
  {
    name: `reelstate plan --json, ${MANY} files`,
    args: [CLI, 'plan', '--json', '--dir', many],
    beside: `read and parse ${MANY} files`,
  },
];
const times = Object.fromEntries(cases.map(({ name }) => [name, []]));
// The first round warms the disk's cache and is not counted.
for (let round = 0; round <= RUNS; round++) {
  for (const each of cases) times[each.name][round] = time(each);
  if (round === 0) inside = [];
}
print();

/** Runs a process to its end. @returns milliseconds from its start, as the parent sees it */
function time({ args, output }) {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    // Like `> /dev/null`, but where the output is asked for.
    stdio: ['ignore', output ? 'pipe' : 'ignore', 'pipe'],
  });
  const took = performance.now() - began;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  output?.(stdout);
  return took;
}

/** A benchmark of a plan that plans nothing would be a fast one. */
function checkPlan() {
  const { stdout } = spawnSync(process.execPath, [CLI, 'plan', '--json', '--dir', many], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const { to_create } = JSON.parse(stdout).summary;
  if (to_create !== MANY) throw new Error(`the plan creates ${to_create} recordings, not ${MANY}`);
}

function print() {
  const { version, platform, arch } = process;
  console.log(
    `Node ${version}, ${platform} ${arch}, ${availableParallelism()} cores; medians of ${RUNS} runs\n`,
  );
  const row = (name, figures, ratio) =>
    `| ${name.padEnd(34)} | ${figures.map((figure) => figure.padStart(8)).join(' | ')} | ${ratio.padEnd(34)} |`;
  const rule = (width) => '-'.repeat(width);
  console.log(row('whole process', ['median', 'fastest', 'slowest'], 'ratio'));
  console.log(row(rule(34), Array(3).fill(`${rule(7)}:`), rule(34)));
  for (const { name, beside } of cases) {
    const counted = times[name].slice(1);
    const figures = [median(counted), Math.min(...counted), Math.max(...counted)].map(milliseconds);
    const ratio = beside ? (median(counted) / median(times[beside].slice(1))).toFixed(2) : '';
    console.log(row(name, figures, beside ? `${ratio} × ${beside}` : ''));
  }
  console.log(
    `\nOf "read and parse ${MANY} files", the start of Node left out: ${milliseconds(median(inside))}.`,
  );
}

function milliseconds(time) {
  return `${time.toFixed(0)} ms`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
