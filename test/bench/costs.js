/*
 * The benchmark of costs: this build beside an earlier one, in turns in one run. The earlier build is made in a folder of
 * its own, from the repository's history.
 *
 *   node test/bench/costs.js [case ...]
 *
 * Without a case all that take less than some minutes. RUNS is how often each pair is timed, BEFORE the commit of the earlier
 * build, BEFORE_DIST a build of it that is there already, NOW_DIST another build than the one in dist, ROUNDS how often `edits`
 * saves ten files, three seconds apart.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeRecordings } from './recordings.js';
import { printTable } from './table.js';

const RUNS = Number(process.env.RUNS ?? 5);
const BEFORE = process.env.BEFORE ?? '75a3be2';
const PROJECT = join(import.meta.dirname, '../..');
const USAGE = join(import.meta.dirname, 'usage.cjs');
const FLOOR = join(import.meta.dirname, 'floor.js');
const SERVICE = join(import.meta.dirname, 'service.js');

const root = mkdtempSync(join(tmpdir(), 'reelstate-costs-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const builds = {
  now: join(process.env.NOW_DIST ?? join(PROJECT, 'dist'), 'cli.js'),
  before: join(buildBefore(), 'cli.js'),
};
const rows = [];

const CASES = {
  start,
  few: () => planOf(10, 0.8),
  after: afterApply,
  apply: firstApply,
  plan: () => planOf(10_000),
  parse: nothingKnown,
  idle,
  burst,
  delay: delayed,
  edits,
  many: hundredThousand,
};
const BRIEF = ['start', 'few', 'after', 'apply', 'plan', 'parse', 'idle', 'burst'];
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : BRIEF) await CASES[name]();
printTable(`Costs beside those of ${BEFORE}; medians of ${RUNS} pairs`, rows, 'before');

/** @returns the earlier build's dist */
function buildBefore() {
  if (process.env.BEFORE_DIST) return process.env.BEFORE_DIST;
  const folder = join(root, 'before');
  mkdirSync(folder);
  const archive = execFileSync('git', ['archive', BEFORE], { cwd: PROJECT, maxBuffer: 1 << 30 });
  execFileSync('tar', ['x'], { cwd: folder, input: archive });
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'ignore',
  });
  execFileSync('npm', ['run', '-s', 'build'], { cwd: folder, stdio: 'ignore' });
  return join(folder, 'dist');
}

async function service(delay = 0) {
  const child = spawn(process.execPath, [SERVICE], {
    env: { PATH: process.env.PATH, DELAY: String(delay) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    arrivals: async () => (await fetch(`${endpoint}/arrivals`)).json(),
    end: () => {
      child.kill();
      children.delete(child);
    },
  };
}

/** A place to work in: its recordings are shared among those of one number, its state and cache are its own. */
function place(name, count) {
  const cwd = join(root, name);
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(cwd);
  writeRecordings(join(cwd, 'recordings'), count);
  return cwd;
}

function environment(cwd, endpoint) {
  return {
    PATH: process.env.PATH,
    HOME: cwd,
    XDG_CACHE_HOME: join(cwd, '.cache'),
    REELSTATE_ENDPOINT: endpoint ?? 'http://127.0.0.1:9',
    AGORA_CUSTOMER_ID: 'customer',
    AGORA_CUSTOMER_SECRET: 'secret',
    USAGE_FILE: join(root, 'usage'),
  };
}

/** Runs a process to its end. @returns milliseconds from start to end, those of processor time, and the most memory in MiB */
function run(args, cwd, endpoint) {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--require', USAGE, ...args], {
    cwd,
    env: environment(cwd, endpoint),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const wall = performance.now() - began;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { wall, ...JSON.parse(readFileSync(join(root, 'usage'), 'utf8')) };
}

/**
 * Times both builds in turns, and the first pair warms up where there are several.
 * @param act (build, round) => figures
 */
async function pairs(act, runs = RUNS) {
  const figures = { now: [], before: [] };
  for (let round = runs > 1 ? 0 : 1; round <= runs; round++)
    for (const build of round % 2 ? ['now', 'before'] : ['before', 'now']) {
      const figure = await act(build, round);
      if (round > 0) figures[build].push(figure);
    }
  return figures;
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** A row: the medians, and the median of the pairs' ratios. */
function add(what, { now, before }, of, goal, unit = 'ms') {
  const text = (numbers) => `${median(numbers).toFixed(unit === '%' ? 2 : 0)} ${unit}`;
  const [mine, theirs] = [now.map((each) => each[of]), before.map((each) => each[of])];
  rows.push([
    what,
    text(mine),
    text(theirs),
    median(mine.map((each, n) => each / theirs[n])).toFixed(2),
    String(goal),
  ]);
}

async function start() {
  const cwd = place('start', 1);
  const bare = await pairs(
    (build) => run(build === 'now' ? [builds.now, '--version'] : ['-e', '0'], cwd),
    2 * RUNS,
  );
  add('--version, of node -e 0', bare, 'wall', 1.2);
}

/** Nothing has changed since the last plan of applied recordings. */
async function planOf(count, goal) {
  const { endpoint, end } = await service();
  const places = applied(count, endpoint);
  const figures = await pairs((build) => run([builds[build], 'plan'], places[build], endpoint), 2 * RUNS);
  const what = `plan of ${count}, nothing changed`;
  add(what, figures, 'wall', goal ?? '');
  add(`${what}, processor`, figures, 'processor', '');
  add(`${what}, memory`, figures, 'memory', '', 'MiB');
  if (count >= 1_000) {
    const floor = await pairs((build) =>
      run(build === 'now' ? [builds.now, 'plan'] : [FLOOR, 'recordings'], places.now, endpoint),
    );
    add(`${what}, of reading and parsing`, floor, 'wall', 0.06);
  }
  end();
}

/** Places whose recordings have all been applied, and been planned after it. */
function applied(count, endpoint) {
  return Object.fromEntries(
    Object.entries(builds).map(([build, cli]) => {
      const cwd = place(`${build}-${count}`, count);
      run([cli, 'apply', '--yes', '--rate', '1000'], cwd, endpoint);
      run([cli, 'plan'], cwd, endpoint);
      return [build, cwd];
    }),
  );
}

async function nothingKnown() {
  const cwd = place('unknown', 10_000);
  const figures = await pairs((build) =>
    run(build === 'now' ? [builds.now, 'plan', '--no-cache', '--state', 'none'] : [FLOOR, 'recordings'], cwd),
  );
  add('plan of 10000, nothing known, of reading and parsing', figures, 'wall', 0.62);
}

async function afterApply() {
  const { endpoint, end } = await service();
  const figures = await pairs((build) => {
    const cli = builds[build];
    const cwd = place(`after-${build}`, 1_000);
    const apply = () => run([cli, 'apply', '--yes', '--rate', '1000'], cwd, endpoint);
    const first = apply();
    const plan = run([cli, 'plan'], cwd, endpoint);
    const next = run([cli, 'plan'], cwd, endpoint);
    rmSync(cwd, { recursive: true });
    const again = place(`after-${build}`, 1_000);
    run([cli, 'apply', '--yes', '--rate', '1000'], again, endpoint);
    const second = apply();
    return {
      first: first.processor,
      plan: plan.wall,
      planProcessor: plan.processor,
      second: second.wall,
      secondProcessor: second.processor,
      next: next.wall,
    };
  });
  add('plan right after an apply of 1000', figures, 'plan', 0.4);
  add('... processor', figures, 'planProcessor', 0.4);
  add('second apply right after it', figures, 'second', 0.4);
  add('... processor', figures, 'secondProcessor', 0.4);
  add('the plan after that plan', figures, 'next', '');
  add('first apply of 1000 at 1000 a second, processor', figures, 'first', '');
  end();
}

async function firstApply() {
  const { endpoint, end, arrivals } = await service();
  const most = { now: 0, before: 0 };
  const figures = await pairs(async (build) => {
    const figure = run([builds[build], 'apply', '--yes', '--rate', '100'], place(build, 1_000), endpoint);
    most[build] = Math.max(most[build], (await arrivals()).most);
    return figure;
  });
  add('first apply of 1000 at 100 a second, processor', figures, 'processor', 0.5);
  add('... memory', figures, 'memory', '', 'MiB');
  rows.push(['... most calls within a second', String(most.now), String(most.before), '', '100']);
  end();
}

async function burst() {
  const { endpoint, end, arrivals } = await service();
  const most = { now: 0, before: 0 };
  const figures = await pairs(async (build) => {
    const figure = run([builds[build], 'apply', '--yes', '--rate', '1000'], place(build, 10_000), endpoint);
    most[build] = Math.max(most[build], (await arrivals()).most);
    return figure;
  }, RUNS);
  add('first apply of 10000 at 1000 a second', figures, 'wall', 0.7);
  add('... processor', figures, 'processor', '');
  rows.push(['... most calls within a second', String(most.now), String(most.before), '', '1000']);
  end();
}

/** A long apply over a network that delays a call by up to 40 ms, there and back together. */
async function delayed() {
  const { endpoint, end, arrivals } = await service(20);
  const rate = Number(process.env.RATE ?? 100);
  const figures = await pairs((build) => {
    const cwd = place(build, 10_000);
    run([builds[build], 'apply', '--yes', '--rate', String(rate)], cwd, endpoint);
    return arrivals().then(({ requests, most, span }) => ({
      used: (100 * (requests - rate)) / (rate * (span / 1000 - 1)),
      most,
    }));
  }, 1);
  add(
    `20000 calls at ${rate} a second, delayed by up to 40 ms: of the allowance`,
    figures,
    'used',
    '97 %',
    '%',
  );
  add('... most calls within a second', figures, 'most', rate, '');
  end();
}

/** What the system says of a process (proc(5)). */
function watch(cli, cwd, endpoint) {
  const child = spawn(process.execPath, [cli, 'watch', '--resync', '0', '--rate', '1000'], {
    cwd,
    env: environment(cwd, endpoint),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let said = '';
  child.stderr.on('data', (data) => {
    if (!said.includes('"watching"')) said += data;
  });
  return {
    ready: async () => {
      while (!said.includes('"watching"')) {
        if (child.exitCode !== null) throw new Error(`watch ended with ${child.exitCode}: ${said}`);
        await sleep(5);
      }
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    processor: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    end: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      children.delete(child);
    },
  };
}

/** Daemons of both builds among ten thousand recordings. */
async function daemons(count, endpoint) {
  const places = applied(count, endpoint);
  const both = {};
  for (const [build, cli] of Object.entries(builds)) {
    const began = performance.now();
    const daemon = watch(cli, places[build], endpoint);
    await daemon.ready();
    both[build] = { ...daemon, start: performance.now() - began, cwd: places[build] };
  }
  return both;
}

/** Processor time of both side by side, once they have settled. */
async function idle() {
  const { endpoint, end } = await service();
  const both = await daemons(10_000, endpoint);
  await sleep(40_000);
  // Long enough for several sweeps: a minute has one or two.
  const seconds = 180;
  const before = Object.entries(both).map(([build, { processor }]) => [build, processor()]);
  await sleep(seconds * 1000);
  const figures = Object.fromEntries(
    before.map(([build, then]) => [
      build,
      [
        {
          processor: (both[build].processor() - then) / (10 * seconds),
          memory: both[build].memory(),
          start: both[build].start,
        },
      ],
    ]),
  );
  add('watch of 10000, idle, processor', figures, 'processor', '0.3 %', '%');
  add('... memory, idle', figures, 'memory', '', 'MiB');
  add('... start to ready', figures, 'start', '');
  for (const { end } of Object.values(both)) await end();
  end();
}

/** Ten minutes, and two thousand edits. */
async function edits() {
  const { endpoint, end, arrivals } = await service();
  const both = await daemons(10_000, endpoint);
  await arrivals();
  const [rounds, together, pause] = [Number(process.env.ROUNDS ?? 200), 10, 3_000];
  for (let round = 0; round < rounds; round++) {
    for (const { cwd } of Object.values(both))
      writeRecordings(join(cwd, 'recordings'), together, `#${String(100_000 + round)}`);
    await sleep(pause);
  }
  const { requests } = await arrivals();
  const figures = Object.fromEntries(
    Object.entries(both).map(([build, { memory, processor }]) => [
      build,
      [{ memory: memory(), processor: processor() }],
    ]),
  );
  add('watch of 10000, 10 min and 2000 edits, memory', figures, 'memory', 0.65, 'MiB');
  add('... processor', figures, 'processor', '');
  rows.push(['... calls that arrived, of both', String(requests), '', '', String(2 * rounds * together)]);
  for (const { end } of Object.values(both)) await end();
  end();
}

/** A hundred thousand beside ten thousand, of this build. */
async function hundredThousand() {
  const { endpoint, end } = await service();
  const cli = builds.now;
  const sizes = { before: 10_000, now: 100_000 };
  const places = {};
  for (const [size, count] of Object.entries(sizes)) {
    const cwd = place(`size-${count}`, count);
    run([cli, 'apply', '--yes', '--rate', '1000'], cwd, endpoint);
    run([cli, 'plan'], cwd, endpoint);
    places[size] = cwd;
  }
  const figures = await pairs((size) => run([cli, 'plan'], places[size], endpoint), 3);
  add('plan of 100000 beside 10000, nothing changed', figures, 'wall', 11);
  add('... memory', figures, 'memory', '', 'MiB');
  const memories = {};
  for (const [size, cwd] of Object.entries(places)) {
    const daemon = watch(cli, cwd, endpoint);
    await daemon.ready();
    await sleep(30_000);
    memories[size] = [{ memory: daemon.memory() }];
    await daemon.end();
  }
  add('watch of 100000 beside 10000, memory', memories, 'memory', 11, 'MiB');
  end();
}
