import { renameSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { folder, put, recording, sid } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * Writers that pause while they write a file in place: in no request may anything be missing that is in the file before
 * and after.
 */

const REGIONS = (colour: string, y: number, count = 3) => `layout:
  mixedVideoLayout: custom
  backgroundColor: "${colour}"
  layoutConfig:
${['1', '2', '3']
  .slice(0, count)
  .map(
    (uid) =>
      `    - uid: "${uid}"\n      x_axis: 0.${uid}\n      y_axis: ${y}\n      width: 0.1\n      height: 0.25\n      alpha: 0.5\n`,
  )
  .join('')}  backgroundConfig:
    - uid: "1"
      image_url: https://example.com/${y}.png
      render_mode: fit
`;
const LISTS = (uid: number) => `subscriptions:
  audioUidList:
    subscribeAudioUids:
      - "1"
      - "${uid}"
  videoUidList:
    subscribeVideoUids: ["1", "${uid}"]
`;
/** Each in a version before and one after, of equal shape. */
const TEXTS: Record<string, (n: string, version: 0 | 1) => string> = {
  block: (n, version) =>
    recording(n, `${LISTS(7 + version)}${REGIONS(`#00000${version}`, 0.1 + version / 10)}`),
  'the lists last': (n, version) =>
    recording(n, `${REGIONS(`#00000${version}`, 0.1 + version / 10)}${LISTS(7 + version)}`),
  flow: (n, version) =>
    recording(
      n,
      `subscriptions: { audioUidList: { subscribeAudioUids: ["1", "${7 + version}"] },\n  videoUidList: { subscribeVideoUids: ["${7 + version}"] } }
layout: { mixedVideoLayout: custom, backgroundColor: "#00000${version}", layoutConfig: [
  { uid: "1", x_axis: 0.1, y_axis: 0.${version}, width: 0.1, height: 0.1, alpha: 0.5 },
  { uid: "2", x_axis: 0.2, y_axis: 0.${version}, width: 0.1, height: 0.1, alpha: 0.5 }
  ] }
`,
    ),
  web: (n, version) =>
    recording(
      n,
      `onhold: true
rtmp:
  outputs:
    - rtmpUrl: rtmp://cdn.example.com/live/key${version}
storage:
  vendor: s3
  region: US_EAST_1
  bucket: bucket-${version}
  accessKey: key
  secretKey: { fromEnv: S3_SECRET }
  fileNamePrefix:
    - shows
    - hall${version}
`,
      'web',
    ),
};

interface Cut {
  name: string;
  kind: string;
  /** Characters before the pause. */
  at: number;
  pause: number;
}

/** At the end of every line, and within every line. */
function cutsOf(kind: string): Cut[] {
  const cuts: Cut[] = [];
  let at = 0;
  for (const [n, line] of (TEXTS[kind] as (typeof TEXTS)[string])('x', 1)
    .split(/(?<=\n)/)
    .entries()) {
    const name = `${kind.replaceAll(' ', '-')}-${n}`;
    if (line.trim().length > 1)
      cuts.push({ name: `${name}-within`, kind, at: at + Math.floor(line.length * 0.7), pause: 700 });
    at += line.length;
    cuts.push({ name: `${name}-end`, kind, at, pause: 60 });
  }
  return cuts;
}

const textOf = ({ kind, name }: Cut, version: 0 | 1) =>
  (TEXTS[kind] as (typeof TEXTS)[string])(name, version);

async function writeInPieces(path: string, text: string, { at, pause }: Cut): Promise<void> {
  const file: FileHandle = await open(path, 'w');
  await file.write(text.slice(0, at));
  await sleep(pause);
  await file.write(text.slice(at));
  await file.close();
}

const OPTIONS = { sim: ['--rate', '0'], env: { S3_SECRET: 'secret' } };
const FAST = ['--rate', '1000', '--resync', '0'];

/** A daemon beside these recordings at their first version, each applied. */
async function applied(cuts: readonly Cut[]) {
  const cwd = await folder(
    Object.fromEntries(cuts.map((cut) => [`recordings/${cut.name}.yaml`, textOf(cut, 0)])),
  );
  const w = await watching(cwd, FAST, OPTIONS);
  await until(
    async () =>
      (await w.api()).recordings.every(({ conditions }) =>
        conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      ),
    'all ready',
    30_000,
  );
  return { cwd, w, before: (await w.sim.requests()).length };
}

describe.each(Object.keys(TEXTS))('an edit written in place with a pause: %s', (kind) => {
  it('nothing but the file before and the file after is ever sent', { timeout: 120_000 }, async () => {
    const cuts = cutsOf(kind);
    const { cwd, w, before } = await applied(cuts);
    await Promise.all(
      cuts.map((cut) => writeInPieces(join(cwd, `recordings/${cut.name}.yaml`), textOf(cut, 1), cut)),
    );
    const isNew = ({ body }: { body: unknown }) => /#000001|bucket-1/.test(JSON.stringify(body));
    await until(
      async () => {
        const sent = (await w.sim.requests()).slice(before);
        return cuts.every(({ name }) => sent.some((each) => each.sid === sid(name) && isNew(each)));
      },
      'every recording at its file',
      30_000,
    );
    // All bodies of one endpoint are the same but for what a version changes.
    const shapes = new Map<string, Set<string>>();
    for (const { endpoint, body, sid: of } of await w.sim.requests()) {
      const text = JSON.stringify(body.clientRequest).replaceAll(String(of), '');
      shapes.set(String(endpoint), (shapes.get(String(endpoint)) ?? new Set()).add(text));
    }
    for (const texts of shapes.values()) expect([...texts]).toHaveLength(2);
    expect(await w.sim.violations()).toEqual([]);
    await w.stop();
  });
});

describe('how long an edit waits that is written in place', () => {
  const FILE = 'recordings/a.yaml';
  const text = (colour: string, count: number) => recording('a', REGIONS(colour, 0.1, count));

  async function running() {
    const cwd = await folder({ [FILE]: text('#000001', 3) });
    const w = await watching(cwd, FAST, OPTIONS);
    await w.condition('a', 'Ready');
    /** After how many milliseconds an act is seen at the service. */
    const after = async (act: () => Promise<void>, isThere: (request: string) => boolean) => {
      const known = (await w.sim.requests()).length;
      await act();
      const since = performance.now();
      await until(
        async () => (await w.sim.requests()).slice(known).some(({ body }) => isThere(JSON.stringify(body))),
        'the edit',
      );
      return performance.now() - since;
    };
    return { cwd, w, after };
  }

  it('what only changes values, or adds, is quick; what takes away a region waits; a rename is at once', async () => {
    const { cwd, w, after } = await running();
    const path = join(cwd, FILE);
    const regions = (count: number) => (request: string) => request.split('"x_axis"').length === count + 1;
    expect(
      await after(
        () => writeFile(path, text('#000002', 3)),
        (request) => request.includes('#000002'),
      ),
    ).toBeLessThan(1_000);
    const waited = await after(() => writeFile(path, text('#000002', 1)), regions(1));
    expect(waited).toBeGreaterThan(1_900);
    expect(waited).toBeLessThan(4_000);
    expect(await after(() => writeFile(path, text('#000002', 3)), regions(3))).toBeLessThan(1_000);
    const renamed = await after(async () => {
      await writeFile(join(cwd, 'aside'), text('#000002', 1));
      await rename(join(cwd, 'aside'), path);
    }, regions(1));
    expect(renamed).toBeLessThan(1_000);
    await w.stop();
  });

  it('what is put back before the time is over was never taken away', async () => {
    const { cwd, w } = await running();
    const before = (await w.sim.requests()).length;
    for (let n = 0; n < 5; n++) {
      await put(cwd, { [FILE]: text('#000001', 1) });
      await sleep(600);
      await put(cwd, { [FILE]: text('#000001', 3) });
      await sleep(200);
    }
    await sleep(2_500);
    expect((await w.sim.requests()).length).toBe(before);
    await w.condition('a', 'Ready');
    await w.stop();
  });
});

it('a new file written in pieces is not applied before its last region is there', async () => {
  const cwd = await folder({ 'recordings/other.yaml': recording('other') });
  const w = await watching(cwd, FAST, OPTIONS);
  await w.condition('other', 'Ready');
  const cuts = cutsOf('block').filter(({ name }) => name.endsWith('-end'));
  for (const cut of cuts)
    await w.sim.json('/_sim/recordings', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
        ...{ cname: `channel-${cut.name}`, uid: '527841', resourceId: `resource-${cut.name}` },
        ...{ sid: sid(cut.name), mode: 'mix' },
      }),
    });
  await Promise.all(
    cuts.map((cut) => writeInPieces(join(cwd, `recordings/${cut.name}.yaml`), textOf(cut, 1), cut)),
  );
  for (const { name } of cuts) await w.condition(name, 'Ready');
  for (const { body } of await w.sim.requests()) {
    const request = body.clientRequest as { layoutConfig?: unknown[]; streamSubscribe?: object };
    if (request.layoutConfig) expect(request.layoutConfig).toHaveLength(3);
    if (request.streamSubscribe)
      expect(Object.keys(request.streamSubscribe)).toEqual(['audioUidList', 'videoUidList']);
  }
  await w.stop();
});

it('a daemon that starts while a file is being written takes nothing away', async () => {
  const cuts = cutsOf('block').filter(({ name }) => name.endsWith('-end'));
  const { cwd, w } = await applied(cuts);
  const sent = await w.sim.recordings();
  w.daemon.child.kill('SIGKILL');
  await w.daemon.done;
  for (const cut of cuts)
    await writeFile(join(cwd, `recordings/${cut.name}.yaml`), textOf(cut, 1).slice(0, cut.at));
  await w.sim.json('/_sim/requests', { method: 'DELETE' });
  const again = await watching(cwd, FAST, { ...OPTIONS, at: w.sim, announced: false });
  await sleep(1_200);
  for (const cut of cuts) await writeFile(join(cwd, `recordings/${cut.name}.yaml`), textOf(cut, 1));
  await until(async () => (await again.sim.requests()).length >= 2 * cuts.length, 'all of them', 20_000);
  for (const { body } of await again.sim.requests()) {
    const request = body.clientRequest as { layoutConfig?: unknown[]; streamSubscribe?: object };
    if (!request.streamSubscribe) expect(request.layoutConfig).toHaveLength(3);
    else expect(JSON.stringify(request.streamSubscribe).match(/"8"/g)).toHaveLength(2);
  }
  expect(sent).toHaveLength(cuts.length);
  await again.stop();
});

it('a file that is moved and written anew in pieces at once takes nothing away', async () => {
  const document = (n: string, uid: number) => `name: ${n}\n${recording(n, LISTS(uid))}`;
  const cwd = await folder({ 'recordings/two.yaml': `${document('a', 7)}---\n${document('b', 7)}` });
  const w = await watching(cwd, FAST, OPTIONS);
  for (const name of ['a', 'b']) await w.condition(name, 'Ready');
  const text = `${document('a', 8)}---\n${document('b', 8)}`;
  // Before the daemon has seen it in its new place, the file ends within its first document.
  const place = join(cwd, 'recordings/moved.yaml');
  renameSync(join(cwd, 'recordings/two.yaml'), place);
  writeFileSync(place, text.slice(0, text.indexOf('subscriptions')));
  await sleep(900);
  await writeFile(place, text);
  const isNew = ({ body }: { body: unknown }) => JSON.stringify(body).includes('"8"');
  await until(async () => (await w.sim.requests()).filter(isNew).length === 2, 'both documents', 20_000);
  for (const name of ['a', 'b']) await w.condition(name, 'Ready');
  // Two for each: as they were first, and as they are now.
  expect(await w.sim.requests()).toHaveLength(4);
  expect((await w.stop()).stderr).not.toContain('forgotten');
});
