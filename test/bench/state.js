/*
 * The benchmark of the state: ten thousand recordings and a million events, written as the engine writes them, an
 * intent and its answer, some tens of calls under way at once. Prints a row each: what, measured, floor, ratio, goal.
 * EVENTS and COUNT make it smaller. The floor of opening is reading the database's bytes; that of an event is the longest
 * of as many writes and flushes of its bytes to a file that nobody else looks after.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
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
/** Calls beside those, and the time between two of them, in milliseconds. */
const PACED = 500;
const PACE = 4;
const RESOLUTION = 5;

/** A call each 100 ms, as fast as the service allows. */
let calls = 0;
const now = () => 1_750_000_000_000 + calls * 100;
const clock = { now, monotonic: () => performance.now(), sleep: (ms) => sleep(ms) };
const options = { command: 'the benchmark', now, keyText: undefined, shared: { clock } };

const [part, ...rest] = process.argv.slice(2);
await { open: reopen, read }[part ?? 'all']?.(...rest);
if (part === undefined) await all();

async function all() {
  // Beside node_modules, where the library of the database is found.
  const root = mkdtempSync(join(import.meta.dirname, '../../node_modules/.state-'));
  const states = mkdtempSync(join(tmpdir(), 'reelstate-state-'));
  process.on('exit', () => {
    for (const path of [root, states]) rmSync(path, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  await build({
    input: join(import.meta.dirname, '../../src/state/open.ts'),
    platform: 'node',
    transform: { target: 'node20.19' },
    external: ['libsql'],
    output: { dir: root, format: 'esm', entryFileNames: 'open.mjs', chunkFileNames: '[name].mjs' },
    logLevel: 'silent',
  });
  const module = join(root, 'open.mjs');
  const { openState } = await import(pathToFileURL(module));
  const many = join(states, 'many');
  const rows = await writing(await openState(many, options), states);
  rows.push(...opening(module, many));
  printTable(`The state; ${EVENTS} events, ${COUNT} recordings`, rows);
}

/** All events as fast as they go, then a call now and then beside others. */
async function writing(store, root) {
  const began = performance.now();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const waits = [];
  await append(store, EVENTS, waits);
  const rate = (EVENTS / (performance.now() - began)) * 1000;
  const busy = delay.max / 1e6 - RESOLUTION;
  delay.reset();
  const paced = [];
  for (let n = 0; n < PACED; n++) {
    await call(store, n, paced);
    await sleep(PACE);
  }
  const stall = delay.max / 1e6 - RESOLUTION;
  await store.close();
  const floor = flushes(join(root, 'floor'), 2 * PACED);
  return [
    ['events a second', rate.toFixed(0), '', '', ''],
    ['longest stall, events as fast as they go', milliseconds(busy), '', '', '50 ms'],
    ['longest stall, a call now and then', milliseconds(stall), '', '', '30 ms'],
    [
      `an event, longest of ${waits.length}, as fast as they go`,
      milliseconds(longest(waits)),
      '',
      '',
      '100 ms',
    ],
    [
      `an event, longest of ${paced.length}, now and then`,
      milliseconds(longest(paced)),
      milliseconds(longest(floor)),
      (longest(paced) / longest(floor)).toFixed(2),
      '50 ms',
    ],
    ['memory of the writer', `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`, '', '', '400 MiB'],
  ];
}

/** Writes calls and their answers, some at once. */
async function append(store, events, waits) {
  let left = events / 2;
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

/** How long it takes a new process to open and to read a state, and how much memory. */
function opening(module, directory) {
  const began = performance.now();
  readFileSync(join(directory, 'state.db'));
  const floor = performance.now() - began;
  const median = (what) => {
    const runs = Array.from({ length: RUNS }, () => child(what, module, directory));
    return runs.sort((a, b) => a.took - b.took)[RUNS >> 1];
  };
  const row = (called, { took }) => [
    called,
    milliseconds(took),
    milliseconds(floor),
    (took / floor).toFixed(2),
    '1000 ms',
  ];
  const opened = median('open');
  return [
    row('readState', median('read')),
    row('openState', opened),
    ['memory of it', `${opened.memory} MiB`, '', '', '400 MiB'],
  ];
}

async function read(module, directory) {
  const { readState } = await import(pathToFileURL(module));
  await tell(() => readState(directory, options));
}

async function reopen(module, directory) {
  const { openState } = await import(pathToFileURL(module));
  await tell(() => openState(directory, { ...options, keepHistory: 30 * 86_400_000 }));
}

async function tell(act) {
  const began = performance.now();
  const store = await act();
  const took = performance.now() - began;
  await store.close();
  console.log(JSON.stringify({ took, memory: Math.round(process.resourceUsage().maxRSS / 1024) }));
}

function child(...args) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Of so many that they are no arguments of a function. */
function longest(times) {
  return times.reduce((longest, time) => Math.max(longest, time), 0);
}
