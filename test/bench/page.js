/*
 * What the page costs a daemon: processor time at rest without and with 50 open tabs, and the time from saving a file to
 * its request, without them and with them. `node test/bench/page.js [RECORDINGS]`, after a build.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const COUNT = Number(process.argv[2] ?? 1_000);
const TABS = 50;
const REST = 30_000;
const EDITS = 40;

const cwd = mkdtempSync(join(tmpdir(), 'reelstate-page-'));
const file = (n) => join(cwd, `recordings/f${Math.floor(n / 500)}/r${n}.yaml`);
const fileText = (n, color) => `recording:
  { appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0, cname: c-${n}, uid: "527841", resourceId: r-${n}, sid: sid-${n}, mode: mix }
layout:
  mixedVideoLayout: custom
  backgroundColor: "${color}"
  layoutConfig:
    - { uid: "1", x_axis: 0, y_axis: 0, width: 0.6, height: 1 }
    - { uid: "2", x_axis: 0.62, y_axis: 0, width: 0.3, height: 0.5 }
`;
for (let n = 0; n < COUNT; n++) {
  mkdirSync(join(file(n), '..'), { recursive: true });
  writeFileSync(file(n), fileText(n, '#203040'));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const env = { ...process.env, AGORA_CUSTOMER_ID: 'id', AGORA_CUSTOMER_SECRET: 'secret' };
const started = [];
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(cwd, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
function start(args, pattern, stream) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env });
  started.push(child);
  let said = '';
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve) => {
    child[stream].on('data', (more) => {
      said = (said + more).slice(-4_000);
      const match = pattern.exec(said);
      if (match) resolve({ child, url: match[1] });
    });
  });
}

/** Answers every call with success, and tells of each. */
let heard = () => {};
const service = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (more) => {
    body += more;
  });
  request.on('end', () => {
    heard(body);
    const [, resourceId, sid] = /\/resourceid\/([^/]+)\/sid\/([^/]+)\//.exec(request.url);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ resourceId, sid }));
  });
});
await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
const endpoint = `http://127.0.0.1:${service.address().port}`;
const daemon = await start(
  ['watch', '--rate', '1000', '--resync', '0', '--endpoint', endpoint, '--listen', '127.0.0.1:0'],
  /"url":"(http:[^"]+)"/,
  'stderr',
);
/** What is answered to one request, on a connection of its own. */
function text(path) {
  return new Promise((resolve) => {
    get(`${daemon.url}${path}`, { agent: false }, (response) => {
      let all = '';
      response.setEncoding('utf8').on('data', (more) => {
        all += more;
      });
      response.on('end', () => resolve(all));
    }).on('error', () => resolve(''));
  });
}
const ready = async () =>
  (await text('/metrics')).includes(`reelstate_recordings{condition="Ready"} ${COUNT}\n`);
while (!(await ready())) await pause(500);
await pause(5_000);

/** Processor time of the daemon so far, in milliseconds (proc(5), stat, at 100 ticks a second). */
function cpu() {
  const fields = readFileSync(`/proc/${daemon.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
async function atRest() {
  const before = cpu();
  await pause(REST);
  return `${(((cpu() - before) / REST) * 100).toFixed(2)} % of a core`;
}

let color = 0;
async function edits() {
  const took = [];
  for (let i = 0; i < EDITS; i++) {
    const n = (i * 37) % COUNT;
    color += 1;
    const wanted = `#${color.toString(16).padStart(6, '0').toUpperCase()}`;
    writeFileSync(join(cwd, 'next'), fileText(n, wanted));
    const arrived = new Promise((resolve) => {
      heard = (body) => body.includes(wanted) && resolve();
    });
    const begun = performance.now();
    renameSync(join(cwd, 'next'), file(n));
    await arrived;
    took.push(performance.now() - begun);
    await pause(100);
  }
  took.sort((a, b) => a - b);
  return `median ${took[EDITS / 2].toFixed(0)} ms, 9 of 10 within ${took[Math.floor(EDITS * 0.9)].toFixed(0)} ms`;
}

const print = (words) => process.stdout.write(`${words}\n`);
const page = async () => {
  const begun = performance.now();
  const { length } = await text(`/?q=r${Math.floor(Math.random() * COUNT)}`);
  return { ms: performance.now() - begun, length };
};
const pages = [];
for (let i = 0; i < 20; i++) pages.push((await page()).ms);
pages.sort((a, b) => a - b);
print(
  `${COUNT} recordings; a search: median ${pages[10].toFixed(0)} ms, ${(await page()).length} characters`,
);
print(`at rest, no tab:   ${await atRest()}`);
print(`save to request:   ${await edits()}`);
// In a process of their own, as they would be.
const tabs = spawn(process.execPath, [join(import.meta.dirname, 'tabs.js'), daemon.url, String(TABS)]);
started.push(tabs);
let looks = 0;
tabs.stdout.setEncoding('utf8').on('data', (dots) => {
  looks += dots.length;
});
await pause(5_000);
looks = 0;
print(`at rest, ${TABS} tabs:  ${await atRest()}; the page was asked for ${looks} times`);
looks = 0;
print(`save to request:   ${await edits()}; the page was asked for ${looks} times`);
process.exit(0);
