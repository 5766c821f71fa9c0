/*
 * The benchmark of the journal: ten thousand recordings and a million entries, written as the engine writes them, an
 * intent and its answer, some tens of calls under way at once. Prints a row each: what, measured, floor, ratio, goal.
 * EVENTS and COUNT make it smaller. The floor of opening is reading the files' bytes; that of an entry is the longest
 * of as many writes and flushes of its bytes to a file that nobody else looks after.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { milliseconds, printTable } from './table.js';

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const COUNT = Number(process.env.COUNT ?? 10_000);
const RUNS = Number(process.env.RUNS ?? 5);
const UNDER_WAY = 40;
/** Entries that a writer leaves in the journal that is killed before it begins it anew. */
const LEFT = Math.min(100_000, EVENTS);
/** Calls while everything known is written down, and the time between two of them, in milliseconds. */
const PACED = 500;
const PACE = 4;
const RESOLUTION = 5;

/** A call each 100 ms, as fast as the service allows. */
let calls = 0;
const now = () => 1_750_000_000_000 + calls * 100;

const [part, ...rest] = process.argv.slice(2);
await { leave, open: reopen, read }[part ?? 'all']?.(...rest);
if (part === undefined) await all();

async function all() {
  const root = mkdtempSync(join(tmpdir(), 'reelstate-journal-'));
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  const module = join(root, 'store.mjs');
  await build({
    input: join(import.meta.dirname, '../../src/state/store.ts'),
    platform: 'node',
    transform: { target: 'node20.19' },
    output: { file: module, format: 'esm' },
    logLevel: 'silent',
  });
  const { Store } = await import(pathToFileURL(module));
  const [many, left] = [join(root, 'many'), join(root, 'left')];
  const rows = await writing(await Store.open(many, 'the benchmark', now), root);
  rows.push(...opening(module, many, `${EVENTS} entries`));
  child('leave', module, left);
  rows.push(...opening(module, left, `${LEFT} left in the journal`));
  printTable(`The journal; ${EVENTS} entries, ${COUNT} recordings`, rows);
}

/** All entries as fast as they go, then a call now and then while everything known is written down. */
async function writing(store, root) {
  const began = performance.now();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const waits = [];
  await append(store, EVENTS, waits);
  const rate = (EVENTS / (performance.now() - began)) * 1000;
  const busy = delay.max / 1e6 - RESOLUTION;
  // Whatever is under way first, so that the view is of all recordings at once.
  await store.compact();
  delay.reset();
  let isDone = false;
  const compacting = (async () => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < COUNT; n += UNDER_WAY) await append(store, 2 * UNDER_WAY, []);
      await store.compact();
    }
  })().then(() => {
    isDone = true;
  });
  const paced = [];
  for (let n = 0; n < PACED && !isDone; n++) {
    await call(store, n, paced);
    await sleep(PACE);
  }
  await compacting;
  const stall = delay.max / 1e6 - RESOLUTION;
  await store.close();
  const floor = flushes(join(root, 'floor'), 2 * PACED);
  return [
    ['entries a second', rate.toFixed(0), '', '', ''],
    ['longest stall, entries as fast as they go', milliseconds(busy), '', '', '30 ms'],
    ['longest stall, beside it a call now and then', milliseconds(stall), '', '', '30 ms'],
    [
      `an entry, longest of ${waits.length}, as fast as they go`,
      milliseconds(longest(waits)),
      '',
      '',
      '100 ms',
    ],
    [
      `an entry, longest of ${paced.length}, now and then`,
      milliseconds(longest(paced)),
      milliseconds(longest(floor)),
      (longest(paced) / longest(floor)).toFixed(2),
      '50 ms',
    ],
    ['memory of the writer', `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`, '', '', '400 MiB'],
  ];
}

/** Writes calls and their answers, some at once. */
async function append(store, entries, waits) {
  let left = entries / 2;
  const lane = async () => {
    while (left-- > 0) await call(store, calls % COUNT, waits);
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, lane));
}

async function call(store, n, waits) {
  calls++;
  const { key, ...sent } = intent(n);
  const of = await waited(() => store.append({ event: 'intent', key, ...sent }), waits);
  const answer = { event: 'answer', key, endpoint: 'update', of, outcome: 'applied', status: 200 };
  await waited(() => store.append(answer), waits);
}

async function waited(act, waits) {
  const began = performance.now();
  const result = await act();
  waits.push(performance.now() - began);
  return result;
}

/** A request of about a kilobyte, another each time. */
function intent(n) {
  const sid = String(n).padStart(32, '0');
  const subscribed = Array.from({ length: 24 }, (_, i) => `${1_000_000 + ((calls + i) % 1_000_000)}`);
  return {
    key: `0f1e2d3c4b5a69788796a5b4c3d2e1f0/JyvK8nXHuV1BE64GDkAa/${sid}`,
    name: `town-hall-${n}`,
    file: `recordings/town-hall-${n}.yaml`,
    identity: {
      appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      cname: `httpClient${n}`,
      uid: '527841',
      resourceId: 'JyvK8nXHuV1BE64GDkAa'.repeat(4),
      sid,
      mode: 'mix',
    },
    endpoint: 'update',
    reason: 'changed',
    request: {
      streamSubscribe: {
        audioUidList: { subscribeAudioUids: subscribed },
        videoUidList: { subscribeVideoUids: subscribed },
      },
      rtmpPublishConfig: {
        outputs: [
          {
            rtmpUrl: {
              sealed: `hmac-sha256:${'0'.repeat(64)}`,
              reference: 'env:RTMP_URL',
              shown: 'rtmp://live.example.com/(sensitive)',
            },
          },
        ],
      },
    },
  };
}

/** Writes an entry's line to a file and flushes it, so often. @returns milliseconds of each */
function flushes(path, times) {
  const file = openSync(path, 'w');
  const line = `${JSON.stringify({ seq: 1, ...intent(1) })}\n`;
  const took = Array.from({ length: times }, () => {
    const began = performance.now();
    writeSync(file, line);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return took;
}

/** How long it takes a new process to open and to read a directory, how much memory, and what stalls after it. */
function opening(module, directory, what) {
  const began = performance.now();
  for (const name of readdirSync(directory))
    if (/^(journal|snapshot)/.test(name)) readFileSync(join(directory, name));
  const floor = performance.now() - began;
  const reads = Array.from({ length: RUNS }, () => child('read', module, directory));
  // The last, because the writer begins a long journal anew.
  const opened = child('open', module, directory);
  const row = (called, { took }) => [
    `${called}, ${what}`,
    milliseconds(took),
    milliseconds(floor),
    (took / floor).toFixed(2),
    '1000 ms',
  ];
  return [
    row('readState', reads.sort((a, b) => a.took - b.took)[RUNS >> 1]),
    row('Store.open', opened),
    ['longest stall after it, until it is closed', milliseconds(opened.stall), '', '', '30 ms'],
    ['memory of it', `${opened.memory} MiB`, '', '', '400 MiB'],
  ];
}

async function read(module, directory) {
  const { readState } = await import(pathToFileURL(module));
  await tell(() => readState(directory));
}

async function reopen(module, directory) {
  const { Store } = await import(pathToFileURL(module));
  await tell(
    () => Store.open(directory, 'the benchmark', now),
    (store) => store.close(),
  );
}

async function tell(act, after = () => {}) {
  const began = performance.now();
  const result = await act();
  const took = performance.now() - began;
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  await after(result);
  const stall = delay.count === 0 ? 0 : delay.max / 1e6 - RESOLUTION;
  console.log(JSON.stringify({ took, stall, memory: Math.round(process.resourceUsage().maxRSS / 1024) }));
}

/** A writer that never gets to beginning the journal anew, and is killed. */
async function leave(module, directory) {
  const { Store } = await import(pathToFileURL(module));
  const step = (what, act) => (what.includes('snapshot') ? new Promise(() => {}) : act());
  await append(await Store.open(directory, 'the benchmark', now, step), LEFT, []);
  process.kill(process.pid, 'SIGKILL');
}

function child(...args) {
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [import.meta.filename, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0 && signal !== 'SIGKILL') throw new Error(`${args[0]} ended with ${status}: ${stderr}`);
  return stdout && JSON.parse(stdout);
}

/** Of so many that they are no arguments of a function. */
function longest(times) {
  return times.reduce((longest, time) => Math.max(longest, time), 0);
}
