/*
 * Fifty accounts of two hundred recordings each in one `watch`, at ten a second each: what of its allowance every account
 * uses, whether any exceeds it as its service sees it, and what the outage of one does to the others.
 *
 *   node test/bench/accounts.js [--accounts 50] [--recordings 200]
 *
 * One account more is quiet but for a save now and then, of which the time until its request arrives is told.
 *
 * Rounds, each with a daemon that finds everything changed: two with all services up, whose medians show how much the
 * machine itself moves them, and one while nothing listens at the first account's endpoint. Exits with 1 where an account uses less than 94 % of its allowance or
 * exceeds it, or the outage moves the median of another's calls by more than a tenth.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const { values } = parseArgs({
  options: { accounts: { type: 'string', default: '50' }, recordings: { type: 'string', default: '200' } },
});
const [ACCOUNTS, RECORDINGS] = [Number(values.accounts), Number(values.recordings)];
const RATE = 10;
/** How long the service takes to answer, in milliseconds. */
const LATENCY = 30;
/** A round ends when nothing has arrived for so long, in milliseconds. */
const SILENCE = 4_000;

/** A service that takes everything, and notes when each request arrived. */
async function service() {
  const arrivals = [];
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    const [, , , , , , resourceId, , sid] = request.url.split('/');
    request.resume().on('end', () => {
      setTimeout(() => response.end(JSON.stringify({ resourceId, sid })), LATENCY);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { arrivals, port, server };
}

function recordingText(account, n, color) {
  return `recording: { appId: app-${account}, cname: c${n}, uid: "1", resourceId: r-${account}-${n}, sid: s-${account}-${n} }
layout: { mixedVideoLayout: bestFit, backgroundColor: "${color}" }
`;
}

function writeAll(dir, color) {
  for (let account = 0; account < ACCOUNTS; account++)
    for (let n = 0; n < RECORDINGS; n++) write(dir, account, n, color);
}

function write(dir, account, n, color) {
  mkdirSync(join(dir, 'recordings', `${account}`), { recursive: true });
  const path = join(dir, 'recordings', `${account}`, `a${account}-${n}.yaml`);
  writeFileSync(`${path}~`, recordingText(account, n, color));
  renameSync(`${path}~`, path);
}

/** Saves the quiet account's recording now and then. @returns milliseconds from each save to its request */
async function saves(dir, { arrivals }, count, pause) {
  const took = [];
  for (let n = 0; n < count; n++) {
    await sleep(pause);
    const [before, began] = [arrivals.length, performance.now()];
    write(dir, ACCOUNTS, 0, `#1${String(saved++).padStart(5, '0')}`);
    while (arrivals.length === before && performance.now() - began < 5_000) await sleep(1);
    took.push((arrivals[before] ?? Number.POSITIVE_INFINITY) - began);
  }
  return sorted(took);
}
let saved = 0;

/** Milliseconds of processor time that a process has used (proc(5)). */
function processor(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Until every account that is up has had all its calls, and nothing more comes. */
async function round(services, act) {
  for (const { arrivals } of services) arrivals.length = 0;
  await act();
  for (let quiet = 0, seen = -1; quiet < SILENCE; quiet += 250) {
    await sleep(250);
    const now = services.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
    if (now !== seen || now === 0) quiet = 0;
    seen = now;
  }
  return services.map(({ arrivals }) => ({
    requests: arrivals.length,
    used: used(arrivals),
    most: most(arrivals),
    // From the account's first request on: when the daemon has come to it is about reading files.
    median: arrivals.length > 0 ? arrivals[arrivals.length >> 1] - arrivals[0] : Number.NaN,
  }));
}

/** The share of the allowance, from the first full second on. */
function used(arrivals) {
  if (arrivals.length <= RATE) return Number.NaN;
  const span = arrivals.at(-1) - arrivals[RATE - 1];
  return (arrivals.length - RATE) / (span / 1000) / RATE;
}

/** The most requests within any second. */
function most(arrivals) {
  let largest = 0;
  for (let from = 0, to = 0; to < arrivals.length; to++) {
    while (arrivals[to] - arrivals[from] >= 1000) from++;
    largest = Math.max(largest, to - from + 1);
  }
  return largest;
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;
const sorted = (numbers) => numbers.filter((each) => !Number.isNaN(each)).sort((a, b) => a - b);

function report(name, accounts) {
  const shares = sorted(accounts.map((each) => each.used));
  const [busy, took] = [cost, waited];
  const total = accounts.reduce((sum, { requests }) => sum + requests, 0);
  console.log(
    `${name.padEnd(22)} ${total} requests; used ${percent(shares[0])} at least, ${percent(shares[shares.length >> 1])} in the middle; at most ${Math.max(...accounts.map((each) => each.most))} in a second; ${percent(busy)} of a core; a save of the quiet account ${took[took.length >> 1].toFixed(0)} ms, nine of ten within ${took[Math.floor(took.length * 0.9)].toFixed(0)}`,
  );
  return { least: shares[0], most: Math.max(...accounts.map((each) => each.most)) };
}

const dir = mkdtempSync(join(tmpdir(), 'reelstate-accounts-'));
const services = await Promise.all(Array.from({ length: ACCOUNTS }, service));
const quiet = await service();
const all = [...services, quiet];
const entries = all.map(
  ({ port }, n) => `  account-${n}:
    appIds: [app-${n}]
    customerId: customer-${n}
    customerSecret: { fromEnv: SECRET_${n} }
    rate: ${RATE}
    endpoint: http://127.0.0.1:${port}
`,
);
writeFileSync(join(dir, 'reelstate.yaml'), `accounts:\n${entries.join('')}`);
const secrets = Object.fromEntries(all.map((_, n) => [`SECRET_${n}`, `secret-${n}`]));
let log = '';
let child;
let failed = false;

let cost;
let waited;

/** Everything is changed, and a daemon starts. */
async function changed(color, up) {
  writeAll(dir, color);
  write(dir, ACCOUNTS, 0, color);
  const found = await round(up, () => {
    child = spawn(process.execPath, [CLI, 'watch', '--resync', '0', '--log-level', 'warn'], {
      cwd: dir,
      env: { PATH: process.env.PATH, HOME: dir, ...secrets },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (data) => {
      log = (log + data).slice(-2_000);
    });
    return underWay();
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  return found;
}

/** In the middle of a round, all of them busy: what the daemon costs, and how long a save waits. */
async function underWay() {
  // Reading the files is over, and every account uses its allowance.
  await sleep(5_000);
  const [began, before] = [performance.now(), processor(child.pid)];
  const seconds = Math.max(2, RECORDINGS / RATE - 8);
  waited = await saves(dir, quiet, Math.floor(seconds / 0.4), 380);
  cost = (processor(child.pid) - before) / (performance.now() - began);
}

/** Medians of the others, as shares of what they were. */
function movedBy(before, after) {
  const moved = sorted(after.map(({ median }, n) => median / before[n].median));
  console.log(
    `medians of the others: ${moved[0].toFixed(3)} to ${moved.at(-1).toFixed(3)} of what they were, ${moved[moved.length >> 1].toFixed(3)} in the middle`,
  );
  return moved;
}

try {
  const rounds = [];
  rounds.push(report('everything is new', await changed('#000001', services)));
  const before = await changed('#000002', services);
  rounds.push(report('everything is changed', before));
  const again = await changed('#000003', services);
  rounds.push(report('and once more', again));
  movedBy(before.slice(1), again.slice(1));
  const [down, ...others] = services;
  const away = new Promise((resolve) => down.server.close(resolve));
  down.server.closeAllConnections();
  await away;
  const after = await changed('#000004', others);
  rounds.push(report('the first one is down', after));
  const moved = movedBy(again.slice(1), after);
  failed =
    rounds.some((each) => each.least < 0.94 || each.most > RATE) || moved[0] < 0.9 || moved.at(-1) > 1.1;
} finally {
  child?.kill('SIGKILL');
  for (const { server } of all) server.closeAllConnections();
  for (const { server } of all) server.close();
  rmSync(dir, { recursive: true, force: true });
}
if (failed) console.log(`not as it should be\n${log}`);
process.exitCode = failed ? 1 : 0;
