import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, GIT_ENV, repository } from '../sources/git-support.ts';
import { folder, put, recording, sid, simulator } from '../support/cli.ts';
import { runHere as run } from '../support/here.ts';
import { until, watching } from '../support/watching.ts';

/*
 * Hundreds of recordings that take blocks from one file: what is told of it, and how a save of it reaches them.
 */

const DUO = (width = 0.5) => `mixedVideoLayout: custom
backgroundColor: "#101010"
layoutConfig:
  - { seat: host, x_axis: 0, y_axis: 0, width: 0.5, height: 1 }
  - { seat: guest, x_axis: 0.5, y_axis: 0, width: ${width}, height: 1 }
`;
const ROOM = (n: number | string, seats = `{ host: "10${n}", guest: "20${n}" }`, more = '') =>
  recording(n, `layout: { fromFile: ../layouts/duo.yaml, seats: ${seats} }\n${more}`);
const rooms = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`recordings/r${n}.yaml`, ROOM(n)] as [string, string]),
  );
const FAST = ['--rate', '1000', '--resync', '0'];
const SIM = { sim: ['--rate', '0'] };

interface Shown {
  backgroundColor?: string;
  layoutConfig?: { uid?: string; width: number; x_axis: number }[];
}
const layoutOf = (each: Record<string, never>) => each.layout as unknown as Shown | null;
const guestIs = (width: number) => (each: Record<string, never>) =>
  layoutOf(each)?.layoutConfig?.[1]?.width === width;
const color = (wanted: string) => (each: Record<string, never>) => layoutOf(each)?.backgroundColor === wanted;

async function applied(cwd: string, env: Record<string, string> = {}) {
  const sim = await simulator(cwd, ['--rate', '0']);
  const args = ['--endpoint', sim.url, '--rate', '1000', '--yes'];
  const ran = await run(['apply', ...args], { cwd, env });
  expect(ran).toMatchObject({ code: 0 });
  return { sim, args };
}

describe('300 recordings with one layout', () => {
  it('share one mistake: it is told once, at its own line, with the first that uses it', async () => {
    const cwd = await folder({ ...rooms(300), 'layouts/duo.yaml': DUO(0.6) });
    const { code, stdout } = await run(['validate', '--json'], { cwd });
    const { diagnostics, errors } = JSON.parse(stdout);
    expect([code, errors, diagnostics.length]).toEqual([1, 1, 1]);
    expect(diagnostics[0]).toMatchObject({
      code: 'region-off-canvas',
      detail: expect.stringContaining('Used by 300 recordings, first recordings/r0.yaml:8:21.'),
      range: { filename: 'layouts/duo.yaml', start: { line: 5, column: 51 } },
    });
    const plan = await run(['plan', '--json'], { cwd });
    expect(plan.code).toBe(1);
    expect(JSON.parse(plan.stdout)).toMatchObject({ applyable: false, diagnostics: [{ severity: 'error' }] });
  });

  it('plan says once what changes for all of them, and then what differs', async () => {
    const cwd = await folder({ ...rooms(300), 'layouts/duo.yaml': DUO() });
    const { sim } = await applied(cwd);
    await put(cwd, {
      'layouts/duo.yaml': DUO(0.4).replace('#101010', '#202020'),
      'recordings/r7.yaml': ROOM(
        7,
        undefined,
        'subscriptions: { audioUidList: { subscribeAudioUids: ["5"] }, videoUidList: { subscribeVideoUids: ["5"] } }\n',
      ),
      'recordings/r8.yaml': ROOM(8, '{ host: "999", guest: "208" }'),
    });
    const text = (await run(['plan'], { cwd })).stdout;
    expect(text).toContain('~ layout from layouts/duo.yaml changed: 300 recordings\n    updateLayout\n');
    expect(text.match(/layoutConfig\[guest\]/g)).toHaveLength(1);
    expect(text).toMatch(/~ layoutConfig\[guest\] +width 0\.5 → 0\.4\n/);
    expect(text).toMatch(/~ r7 .*\n {4}update {2}first apply\n/);
    expect(text).toContain('updateLayout  as above: layout from layouts/duo.yaml');
    expect(text).toMatch(
      /updateLayout {2}besides layout from layouts\/duo\.yaml\n {6}\+ layoutConfig\[host \(999\)\]/,
    );
    expect(text).not.toMatch(/^~ r9 /m);
    expect(text.split('\n').length).toBeLessThan(40);
    const markdown = (await run(['plan', '--output', 'markdown'], { cwd })).stdout;
    expect(markdown).toContain('<b>layout from layouts/duo.yaml changed: 300 recordings</b>');
    expect(markdown.match(/<details>/g)).toHaveLength(3);
    const html = (await run(['plan', '--output', 'html'], { cwd })).stdout;
    expect(html).toContain('layout from layouts/duo.yaml changed: 300 recordings');
    const json = JSON.parse((await run(['plan', '--json'], { cwd })).stdout);
    expect(json.recordings).toHaveLength(300);
    for (const each of json.recordings)
      expect(each.calls.at(-1).changes.map(({ path }: { path: string }) => path)).toContain(
        '/layout/layoutConfig/1/width',
      );
    expect(JSON.stringify(json.recordings)).not.toMatch(/"seats?"|duo\.yaml/);
    await sim.stop();
  });

  it('a save of the layout reaches every recording that watch keeps, with one call each', async () => {
    const cwd = await folder({ ...rooms(300), 'layouts/duo.yaml': DUO() });
    const { sim } = await applied(cwd);
    const w = await watching(cwd, ['--rate', '100', '--resync', '0'], { ...SIM, at: sim });
    await w.condition('r299', 'Ready');
    const before = (await w.sim.requests()).length;
    await writeFile(join(cwd, 'layouts/.duo'), DUO(0.4));
    await rename(join(cwd, 'layouts/.duo'), join(cwd, 'layouts/duo.yaml'));
    await until(
      async () => (await w.sim.recordings()).filter(guestIs(0.4)).length === 300,
      'the layout at all recordings',
      60_000,
    );
    const calls = (await w.sim.requests()).slice(before);
    expect(new Set(calls.map((each) => each.sid)).size).toBe(300);
    expect(calls).toHaveLength(300);
    expect(calls.every(({ endpoint }) => endpoint === 'updateLayout')).toBe(true);
    expect(JSON.stringify(calls)).not.toContain('seat');
    expect((await w.stop()).code).toBe(0);
  });
});

describe('watch: a shared file', () => {
  it('that is broken, or gone, leaves its recordings as they are; mended, it is taken', async () => {
    const cwd = await folder({
      ...rooms(2),
      'layouts/duo.yaml': DUO(),
      'recordings/other.yaml': recording('other', 'layout: { backgroundColor: "#000001" }\n'),
    });
    const w = await watching(cwd, FAST, SIM);
    await w.condition('r1', 'Ready');
    await put(cwd, { 'layouts/duo.yaml': 'layoutConfig: [\n' });
    await w.condition('r0', 'Stalled', 'Invalid');
    await w.condition('r1', 'Stalled', 'Invalid');
    await w.daemon.shows(/"file":"layouts\/duo\.yaml"[^\n]*Used by 2 recordings/, 'stderr');
    await put(cwd, {
      'recordings/other.yaml': recording('other', 'layout: { backgroundColor: "#000002" }\n'),
    });
    await w.atService(sid('other'), color('#000002'));
    await rm(join(cwd, 'layouts/duo.yaml'));
    await w.daemon.shows(/"code":"shared-file-unreadable"/, 'stderr');
    await w.condition('r0', 'Stalled', 'Invalid');
    const sent = (await w.sim.requests()).filter((each) => each.sid === sid(0));
    expect(sent).toHaveLength(1);
    await put(cwd, { 'layouts/duo.yaml': DUO(0.4) });
    await w.atService(sid(0), guestIs(0.4));
    await w.condition('r1', 'Ready');
    expect((await w.stop()).stderr).not.toContain('forgot');
  });

  it('written in two steps is never taken in half', async () => {
    const cwd = await folder({ ...rooms(2), 'layouts/duo.yaml': DUO() });
    const w = await watching(cwd, FAST, SIM);
    await w.condition('r1', 'Ready');
    const [first, second] = [DUO(0.4).slice(0, 21), DUO(0.4).slice(21)];
    await writeFile(join(cwd, 'layouts/duo.yaml'), first);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await appendFile(join(cwd, 'layouts/duo.yaml'), second);
    await w.atService(sid(0), guestIs(0.4));
    await w.atService(sid(1), guestIs(0.4));
    const calls = (await w.sim.requests()).map(({ body }) => body.clientRequest as unknown as Shown);
    expect(calls).toHaveLength(4);
    for (const { layoutConfig } of calls) expect(layoutConfig).toHaveLength(2);
    await w.stop();
  });

  it('that does take something away is followed once it stands still', async () => {
    const cwd = await folder({ ...rooms(1), 'layouts/duo.yaml': DUO() });
    const w = await watching(cwd, FAST, SIM);
    await w.condition('r0', 'Ready');
    const at = performance.now();
    await writeFile(join(cwd, 'layouts/duo.yaml'), DUO().replace('backgroundColor: "#101010"\n', ''));
    await w.atService(sid(0), color('#000000'));
    expect(performance.now() - at).toBeGreaterThan(1_900);
    await w.stop();
  });
});

describe('a commit', () => {
  it('has its own shared files, for plan and for watch', async () => {
    const cwd = await repository({ ...rooms(2), 'layouts/duo.yaml': DUO(), '.gitignore': '.reelstate\n' });
    const env = GIT_ENV;
    const w = await watching(cwd, ['--git', '--sweep', '200ms', ...FAST], { env, ...SIM });
    await w.condition('r1', 'Ready');
    await put(cwd, { 'layouts/duo.yaml': DUO(0.4) });
    const plan = JSON.parse((await run(['plan', '--git', '--json'], { cwd, env })).stdout);
    expect(plan.recordings[0].calls.flatMap((call: { changes: unknown[] }) => call.changes)).toEqual([]);
    commit(cwd, 'A narrower guest');
    await w.atService(sid(0), guestIs(0.4));
    await w.atService(sid(1), guestIs(0.4));
    const compared = await run(['plan', '--from', 'HEAD~1', '--to', 'HEAD'], { cwd, env });
    expect(compared.stdout).toContain('layout from layouts/duo.yaml changed: 2 recordings');
    await w.stop();
  });

  it('without the file has no other in its place', async () => {
    const cwd = await repository(rooms(1));
    await put(cwd, { 'layouts/duo.yaml': DUO() });
    const { code, stdout } = await run(['validate', '--git', '--json'], { cwd, env: GIT_ENV });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).diagnostics).toMatchObject([
      { code: 'shared-file-unreadable', range: { filename: 'layouts/duo.yaml' } },
    ]);
  });
});

describe('reading and keeping', () => {
  it('a plan after a save of the layout alone is another one, whatever was kept of the recordings', async () => {
    const cwd = await folder({ ...rooms(3), 'layouts/duo.yaml': DUO() });
    const env = { XDG_CACHE_HOME: join(cwd, 'cache') };
    await applied(cwd, env);
    expect((await run(['plan', '--detailed-exitcode'], { cwd, env })).code).toBe(0);
    expect((await run(['plan', '--detailed-exitcode'], { cwd, env })).code).toBe(0);
    await put(cwd, { 'layouts/duo.yaml': DUO(0.4) });
    expect((await run(['plan', '--detailed-exitcode'], { cwd, env })).code).toBe(2);
  });

  it('a saved plan is stale once the layout has changed', async () => {
    const cwd = await folder({ ...rooms(1), 'layouts/duo.yaml': DUO() });
    await run(['plan', '--out', 'plan.json'], { cwd });
    await put(cwd, { 'layouts/duo.yaml': DUO(0.4) });
    const sim = await simulator(cwd);
    const { code, stderr } = await run(['apply', 'plan.json', '--endpoint', sim.url], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('layouts/duo.yaml has changed');
  });

  it('--untrusted reads it within the checkout, and nothing else', async () => {
    const outside = await folder({ 'duo.yaml': DUO(0.6) });
    const cwd = await folder({
      'recordings/a.yaml': ROOM(1),
      'recordings/b.yaml': recording(
        'b',
        `layout: { fromFile: ${outside}/duo.yaml, seats: { host: "1", guest: "2" } }\n`,
      ),
      'layouts/duo.yaml': DUO(),
    });
    const args = ['validate', '--untrusted', '--secrets-dir', outside, '--json'];
    const { stdout } = await run(args, { cwd });
    expect(JSON.parse(stdout).diagnostics).toMatchObject([
      { code: 'reference-out-of-bounds', range: { filename: 'recordings/b.yaml' } },
    ]);
    expect(stdout).not.toContain('0.6');
  });

  it('references in it count from its own folder', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording(
        'a',
        'storage: { fromFile: ../shared/storage.yaml, fileNamePrefix: [a] }\n',
      ),
      'shared/storage.yaml':
        'vendor: s3\nregion: US_EAST_1\nbucket: b\naccessKey: { fromFile: keys/access }\nsecretKey: { fromFile: keys/secret }\n',
      'shared/keys/access': 'ACCESS\n',
      'shared/keys/secret': 'SECRET\n',
    });
    const { sim } = await applied(cwd);
    const [{ storage }] = (await sim.recordings()) as unknown as [{ storage: Record<string, unknown> }];
    expect(storage).toMatchObject({ accessKey: 'ACCESS', secretKey: 'SECRET', fileNamePrefix: ['a'] });
    const warned = await folder({
      'recordings/a.yaml': recording('a', 'storage: { fromFile: ../shared/storage.yaml }\n'),
      'recordings/b.yaml': recording('b', 'storage: { fromFile: ../shared/storage.yaml }\n'),
      'shared/storage.yaml':
        'vendor: s3\nregion: US_EAST_1\nbucket: b\naccessKey: { fromEnv: KEY }\nsecretKey: { fromEnv: KEY }\n',
    });
    const { stdout } = await run(['validate', '--json'], { cwd: warned });
    expect(JSON.parse(stdout)).toMatchObject({ warnings: 2 });
    const late = await simulator(warned);
    const ran = await run(['apply', '--yes', '--endpoint', late.url], { cwd: warned });
    expect(ran.stderr.match(/error\[environment-unset\]/g)).toHaveLength(2);
    expect(ran.code).toBe(1);
  });
});

describe('seats', () => {
  it('are never sent and never remembered; a person who moves is one row', async () => {
    const cwd = await folder({
      'recordings/a.yaml': ROOM('a', '{ host: "101", guest: null }'),
      'recordings/b.yaml': ROOM('b', '{ host: any, guest: "202" }'),
      'layouts/duo.yaml': DUO(),
    });
    const { sim } = await applied(cwd);
    const [a, b] = await sim.recordings();
    expect(layoutOf(a as never)?.layoutConfig).toMatchObject([{ uid: '101', x_axis: 0 }]);
    expect(layoutOf(b as never)?.layoutConfig).toMatchObject([{ x_axis: 0 }, { uid: '202', x_axis: 0.5 }]);
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
    expect(JSON.stringify(await sim.requests())).not.toMatch(/seat|host|guest/);
    await put(cwd, { 'recordings/a.yaml': ROOM('a', '{ host: null, guest: "101" }') });
    const { stdout } = await run(['plan', '--pictures'], { cwd });
    expect(stdout).toMatch(/updateLayout\n {6}~ layoutConfig\[guest \(101\)\] +x_axis 0 → 0\.5\n/);
    expect(stdout.match(/layoutConfig\[/g)).toHaveLength(1);
    expect(stdout).toContain('> guest (101)');
    const [, planned] = JSON.parse((await run(['plan', '--json'], { cwd })).stdout).recordings.reverse();
    expect(planned.calls[0].changes).toEqual([
      { path: '/layout/layoutConfig/0/x_axis', before: 0, after: 0.5, reason: 'changed' },
    ]);
    await put(cwd, { 'recordings/b.yaml': ROOM('b', '{ host: "303", guest: "202" }') });
    expect((await run(['plan', 'b'], { cwd })).stdout).toMatch(/\+ layoutConfig\[host \(303\)\]/);
  });

  it('preview draws a recording with seats and UIDs, and a layout by itself with its seats', async () => {
    const cwd = await folder({
      'recordings/a.yaml': ROOM('a', '{ host: "101", guest: any }'),
      'layouts/duo.yaml': DUO(),
      'layouts/tall.yaml': 'mixedVideoLayout: vertical\nmaxResolutionSeat: speaker\n',
    });
    const one = await run(['preview', 'a'], { cwd });
    expect(one.stdout).toContain('host (101)');
    expect(one.stdout).toContain('guest (any)');
    const layout = await run(['preview', 'layouts/duo.yaml', '--json'], { cwd });
    expect(layout).toMatchObject({ code: 0, stderr: '' });
    const [drawn] = JSON.parse(layout.stdout).recordings;
    expect(drawn).toMatchObject({
      name: 'layouts/duo.yaml',
      regions: [{ label: 'host' }, { label: 'guest' }],
      findings: [],
    });
    const tall = await run(['preview', 'layouts/tall.yaml'], { cwd });
    expect(tall.stdout).toContain('speaker');
    expect(tall.stdout).not.toContain('stays empty');
    for (const form of ['svg', 'markdown', 'html'])
      expect((await run(['preview', 'layouts/duo.yaml', '--output', form], { cwd })).stdout).toContain(
        'guest',
      );
    expect((await run(['preview', 'layouts/duo.yaml', '--out', 'duo.png'], { cwd })).code).toBe(0);
    await put(cwd, { 'layouts/wide.yaml': DUO(0.6) });
    const wide = await run(['preview', 'layouts/wide.yaml'], { cwd });
    expect(wide.code).toBe(1);
    expect(wide.stderr).toContain('error[region-off-canvas]');
    expect(wide.stderr).not.toContain('seat-not-filled');
  });

  it.each([[[]], [['--git']]])(
    'validate warns of a layout that nothing uses, beside one that is used: %j',
    async (args) => {
      const cwd = await repository({
        'recordings/a.yaml': ROOM(1),
        'layouts/duo.yaml': DUO(),
        'layouts/old.yaml': DUO(),
        'layouts/compose.yaml': 'services: {}\n',
        'elsewhere/other.yaml': DUO(),
      });
      const options = { cwd, env: GIT_ENV };
      const { code, stdout } = await run(['validate', ...args], options);
      expect(code).toBe(0);
      expect(stdout).toContain('layouts/old.yaml:1:1: warning[shared-file-unused]');
      expect(stdout).toContain('1 warning\n');
      expect((await run(['validate', '--strict', ...args], options)).code).toBe(1);
      // Only what is looked at counts: the folder, or the commit.
      await rm(join(cwd, 'layouts/old.yaml'));
      await put(cwd, { 'layouts/new.yaml': DUO() });
      const after = (await run(['validate', ...args], options)).stdout;
      expect(after).toContain(`layouts/${args.length > 0 ? 'old' : 'new'}.yaml:1:1: warning`);
      expect(after).toContain('1 warning\n');
      commit(cwd, 'Another layout');
      expect((await run(['validate', ...args], options)).stdout).toContain('layouts/new.yaml:1:1: warning');
    },
  );
});
