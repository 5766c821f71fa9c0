/*
 * The benchmark of scale: `npm run bench` ends with it. Ten thousand recordings, a file each, whole processes of the
 * built command in turns with the least that anybody could do in their place. Prints a row each: what, measured,
 * floor, ratio, goal. COUNT and RUNS make it smaller or more exact.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { APP_ID, RESOURCE_ID, writeRecordings } from './recordings.js';
import { milliseconds, printTable } from './table.js';

const COUNT = Number(process.env.COUNT ?? 10_000);
const RUNS = Number(process.env.RUNS ?? 5);
const FEW = 10;
const CLI = join(import.meta.dirname, '../../dist/cli.js');
const FLOOR = join(import.meta.dirname, 'floor.js');
const STALL = join(import.meta.dirname, 'stall.cjs');

const root = mkdtempSync(join(tmpdir(), 'reelstate-scale-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Answers every call with success, and knows when calls came. */
const arrivals = [];
const service = createServer((request, response) => {
  request.resume().on('end', () => {
    arrivals.push(performance.now());
    const [, resourceId, sid] = /\/resourceid\/([^/]+)\/sid\/([^/]+)\//.exec(request.url);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ resourceId, sid }));
  });
});
await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
const endpoint = `http://127.0.0.1:${service.address().port}`;

const many = prepare('many', COUNT);
const few = prepare('few', FEW);
const rows = [];
processes();
commits();
await watching();
printTable(`Scale; medians of ${RUNS} runs`, rows);
service.close();

/** A folder of recordings, all of them applied. */
function prepare(name, count) {
  const cwd = join(root, name);
  mkdirSync(cwd);
  writeRecordings(join(cwd, 'recordings'), count);
  const planned = JSON.parse(run(cwd, ['plan', '--json', '--no-cache']));
  mkdirSync(join(cwd, '.reelstate'), { mode: 0o700 });
  writeFileSync(join(cwd, '.reelstate/journal.jsonl'), journalOf(planned.recordings), { mode: 0o600 });
  // Written as version 0.1 did, which the first writer takes over.
  run(cwd, ['apply', '--yes', '--no-cache']);
  const { summary } = JSON.parse(run(cwd, ['plan', '--json', '--no-cache']));
  if (summary.unchanged !== count) throw new Error(`${summary.unchanged} of ${count} are unchanged`);
  return cwd;
}

/** The journal of applies that were all answered with success. */
function journalOf(recordings) {
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const lines = [{ reelstate: 'journal', version: 1, after: 0 }];
  for (const { name, file, sid, mode, calls } of recordings)
    for (const { endpoint: called, reason, body } of calls) {
      const identity = {
        appId: APP_ID,
        cname: body.cname,
        uid: body.uid,
        resourceId: RESOURCE_ID,
        sid,
        mode,
      };
      const key = `${APP_ID}/${RESOURCE_ID}/${sid}`;
      const seq = lines.length;
      const intent = { event: 'intent', key, name, file, identity, endpoint: called, reason };
      lines.push({ seq, at, ...intent, request: body.clientRequest });
      lines.push({
        seq: seq + 1,
        at,
        event: 'answer',
        key,
        endpoint: called,
        of: seq,
        outcome: 'applied',
        status: 200,
      });
    }
  return lines.map((line) => encode(JSON.stringify(line).slice(0, -1))).join('');
}

function encode(text) {
  return `${text},"crc":"${crc32(text).toString(16).padStart(8, '0')}"}\n`;
}

function environment(cwd) {
  return {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(cwd, '.cache'),
    REELSTATE_ENDPOINT: endpoint,
    AGORA_CUSTOMER_ID: 'customer',
    AGORA_CUSTOMER_SECRET: 'secret',
  };
}

/** Runs the built command to its end. @returns what it prints */
function run(cwd, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd,
    env: environment(cwd),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Whole processes, in turns. */
function processes() {
  // `validate` keeps nothing itself: what it knows is from the last plan.
  run(few, ['plan']);
  const bare = { cwd: few, args: ['-e', '0'] };
  const parse = { cwd: many, args: [FLOOR, 'recordings'] };
  const files = `${COUNT} files`;
  const cases = [
    { what: 'reelstate --version', cwd: few, args: [CLI, '--version'], floor: bare, goal: 1.4 },
    { what: `validate, ${FEW} files`, cwd: few, args: [CLI, 'validate'], floor: bare, goal: 2.5 },
    { what: `plan, ${files}, nothing changed`, cwd: many, args: [CLI, 'plan'], floor: parse, goal: 0.1 },
    {
      what: `plan, ${files}, nothing known`,
      cwd: many,
      args: [CLI, 'plan', '--no-cache', '--state', 'none'],
      floor: parse,
      goal: 0.75,
    },
  ];
  const each = [bare, parse, ...cases];
  for (const one of each) one.times = [];
  for (let round = 0; round <= RUNS; round++) for (const one of each) one.times[round] = time(one);
  for (const { what, times, floor, goal } of cases)
    add(
      what,
      milliseconds(settled(times)),
      milliseconds(settled(floor.times)),
      settled(times) / settled(floor.times),
      goal,
    );
  rows.floor = settled(parse.times);
}

/**
 * A commit with a few other files, above the same commit once more: what is new is all that may cost anything. Beside
 * it what a new process needs above its bare start to read and parse those few.
 */
function commits() {
  const git = (...args) => {
    const { status, stderr } = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: many,
    });
    if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  };
  git('init', '--quiet');
  writeFileSync(join(many, '.gitignore'), '.cache\n.reelstate\n');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'All');
  const plan = { cwd: many, args: [CLI, 'plan', '--git'] };
  time(plan);
  const parse = { cwd: few, args: [FLOOR, 'recordings'] };
  const bare = { cwd: few, args: ['-e', '0'] };
  const [news, same, parsed, started] = [[], [], [], []];
  for (let round = 0; round <= RUNS; round++) {
    for (let n = 0; n < FEW; n++) {
      const path = join(many, `recordings/recording-${n}.yaml`);
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^#.*/, `# Commit ${round}.`));
    }
    git('commit', '--quiet', '--all', '-m', 'A few');
    news[round] = time(plan);
    same[round] = time(plan);
    parsed[round] = time(parse);
    started[round] = time(bare);
  }
  const above = (times, floor) => settled(times) - settled(floor);
  add(
    `plan --git, ${COUNT} files, a commit of ${FEW} adds`,
    milliseconds(above(news, same)),
    milliseconds(above(parsed, started)),
    above(news, same) / above(parsed, started),
    '30 ms',
  );
  rmSync(join(many, '.git'), { recursive: true });
}

/** The first round warms disk and cache, and is not counted. */
function settled(times) {
  return median(times.slice(1));
}

/** @returns milliseconds from start to end, as the parent sees it */
function time({ cwd, args }) {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: environment(cwd),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - began;
}

async function watching() {
  const starts = [];
  for (let round = 0; round <= RUNS; round++) {
    const daemon = await watch(many);
    starts[round] = daemon.ready;
    await daemon.end();
  }
  const floor = rows.floor;
  add(
    `watch, ${COUNT} files, start to ready`,
    milliseconds(settled(starts)),
    milliseconds(floor),
    settled(starts) / floor,
    0.15,
  );
  const [one, ten] = [await watch(few), await watch(many)];
  const [quick, slow] = [[], []];
  for (let round = 0; round <= 2 * RUNS; round++) {
    quick[round] = await edit(few, round);
    slow[round] = await edit(many, round);
  }
  await one.end();
  add(
    'an edit, from save to request',
    milliseconds(settled(slow)),
    milliseconds(settled(quick)),
    settled(slow) / settled(quick),
    1.2,
  );
  const held = holding();
  const remember = (when) =>
    add(`memory of watch, ${when}`, `${ten.memory()} MiB`, `${held} MiB`, ten.memory() / held, '200 MiB, 1');
  remember('just begun');
  await sleep(40_000);
  remember('idle');
  const before = ten.processor();
  await sleep(60_000);
  add(
    'processor, idle, sweeps included',
    `${(((ten.processor() - before) / 60) * 100).toFixed(2)} %`,
    '',
    undefined,
    '0.5 %',
  );
  await ten.stall();
  writeRecordings(join(many, 'recordings'), COUNT, '#223344');
  // Until all of it is read, compared and handed over; sending it takes as long as the service's allowance says.
  await sleep(Math.max(5_000, 4 * rows.floor));
  add(`longest stall while ${COUNT} files change`, milliseconds(await ten.stall()), '', undefined, '50 ms');
  await ten.end();
}

/** What a process needs that holds the parsed files and does nothing else, in MiB. */
function holding() {
  const { stdout } = spawnSync(process.execPath, [FLOOR, 'recordings', 'hold'], {
    cwd: many,
    encoding: 'utf8',
  });
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(stdout)[1]) / 1024);
}

/** Changes a file. @returns milliseconds until the call arrives */
async function edit(cwd, round) {
  const calls = arrivals.length;
  const began = performance.now();
  writeRecordings(join(cwd, 'recordings'), 1, `#${String(100_000 + round)}`);
  while (arrivals.length === calls) await sleep(1);
  const took = arrivals[calls] - began;
  await sleep(300);
  return took;
}

async function watch(cwd) {
  const began = performance.now();
  const child = spawn(process.execPath, ['--require', STALL, CLI, 'watch', '--resync', '0'], {
    cwd,
    env: environment(cwd),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const shows = async (pattern) => {
    for (let match = pattern.exec(said); ; match = pattern.exec(said)) {
      if (match) return match;
      if (child.exitCode !== null) throw new Error(`watch ended with ${child.exitCode}: ${said}`);
      await sleep(1);
    }
  };
  await shows(/"watching"/);
  return {
    ready: performance.now() - began,
    /** What the system says of the process (proc(5)); both are of Linux alone. */
    memory: () =>
      Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024),
    processor: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    /** The longest stall since this was last asked, in milliseconds. */
    stall: async () => {
      said = '';
      child.kill('SIGUSR2');
      return Number((await shows(/stall (\S+)\n/))[1]);
    },
    end: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      children.delete(child);
    },
  };
}

function add(what, measured, floor, ratio, goal) {
  rows.push([what, measured, floor, ratio === undefined ? '' : ratio.toFixed(2), String(goal)]);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
