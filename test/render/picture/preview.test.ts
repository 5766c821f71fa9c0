import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { preview } from '../../../src/commands/preview.ts';
import type { RawOptions } from '../../../src/commands/settings.ts';
import { Failure } from '../../../src/model/failure.ts';
import type { Io } from '../../../src/model/ports.ts';
import { fakeIo } from '../../support/io.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'reelstate-preview-'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

let sids = 0;
function recording(layout: string, mode = 'mix'): string {
  sids += 1;
  const sid = sids.toString(16).padStart(32, '0');
  return `recording: { appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0, cname: c, uid: "5", resourceId: r, sid: "${sid}", mode: ${mode} }\n${layout}`;
}

const CUSTOM = `layout:
  mixedVideoLayout: custom
  layoutConfig:
    - { uid: "1", x_axis: 0, y_axis: 0, width: 0.5, height: 1 }
    - { x_axis: 0.5, y_axis: 0, width: 0.5, height: 1 }
`;
const OUTSIDE = CUSTOM.replace('x_axis: 0.5', 'x_axis: 0.75');

async function files(contents: Record<string, string>): Promise<void> {
  for (const [file, content] of Object.entries(contents)) {
    await mkdir(dirname(join(cwd, file)), { recursive: true });
    await writeFile(join(cwd, file), content);
  }
}

async function run(targets: string[], raw: RawOptions = {}, more: Partial<Io> = {}) {
  const { io, said } = fakeIo({ cwd, random: () => 0.5, ...more });
  const code = await preview(targets, raw, io).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    said.err += error.message;
    return error.exitCode;
  });
  return { code, ...said };
}

describe('what is drawn', () => {
  test('the only recording there is', async () => {
    await files({ 'recordings/town-hall.yaml': recording(CUSTOM) });
    const { code, out, err } = await run([]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^town-hall\ncustom layout · canvas 1280 × 720 · background #000000\n╔═+╗\n/);
    expect(out).toContain('#2 1st to join');
  });

  test('a recording by name, a file by its path, each alone', async () => {
    await files({
      'recordings/a.yaml': recording(''),
      'recordings/b.yml': recording(CUSTOM),
      'other/c.yaml': recording(CUSTOM),
    });
    expect((await run(['b'])).out).toMatch(/^b\ncustom/);
    expect((await run(['./recordings/b.yml'])).out).toMatch(/^b\ncustom/);
    expect((await run(['other/c.yaml'])).out).toMatch(/^c\ncustom/);
    expect((await run(['b', 'other/c.yaml'])).out).toMatch(/^c\n[\s\S]*\n\nb\n/);
  });

  test('without a layout block the floating default', async () => {
    await files({ 'recordings/plain.yaml': recording('') });
    expect((await run([], { users: '3' })).out).toContain('floating layout with 3 users');
  });

  test('without a name all are drawn, as with --all', async () => {
    await files({ 'recordings/a.yaml': recording(''), 'recordings/b.yaml': recording(CUSTOM) });
    const all = await run([]);
    expect(all).toEqual(await run([], { all: true }));
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toMatch(/a[\s\S]*b/);
  });

  test('a web recording has nothing to draw, and says so', async () => {
    await files({ 'recordings/page.yaml': recording('onhold: true\n', 'web') });
    expect(await run(['page'])).toEqual({
      code: 1,
      out: '',
      err: 'page is not drawn: mode web has no mixed layout.\n',
    });
    expect(await run([], { all: true })).toMatchObject({
      code: 0,
      err: 'There is no mixed layout to draw.\n',
    });
  });

  test('a waiting recording is drawn when it has a layout', async () => {
    const waiting = 'recording: { fromFile: run/later.json }\n';
    await files({ 'recordings/a.yaml': waiting + CUSTOM, 'recordings/b.yaml': waiting });
    expect(await run(['a'])).toMatchObject({ code: 0 });
    expect((await run(['b'])).err).toContain('b is not drawn: it waits for ');
  });

  test('names and files that do not exist', async () => {
    await files({ 'recordings/town-hall.yaml': recording(CUSTOM) });
    expect(await run(['town-hal'])).toMatchObject({
      code: 64,
      out: '',
      err: 'no recording is called "town-hal"',
    });
    expect(await run(['gone.yaml'])).toMatchObject({ code: 64, err: 'there is no file "gone.yaml"' });
    expect(await run(['recordings/gone'])).toMatchObject({ code: 64 });
  });
});

describe('files that are refused', () => {
  test('are drawn as far as they can be read, with what is wrong', async () => {
    await files({ 'recordings/town-hall.yaml': recording(OUTSIDE) });
    for (const target of ['town-hall', 'recordings/town-hall.yaml']) {
      const { code, out, err } = await run([target]);
      expect(code).toBe(1);
      expect(err).toContain('recordings/town-hall.yaml:6:');
      expect(err).toContain('town-hall is drawn as far as it can be read; apply would refuse it.');
      expect(out).toContain('! 1st to join leaves the canvas at the right.');
    }
  });

  test('do not disturb a picture of another file', async () => {
    await files({ 'recordings/bad.yaml': recording(OUTSIDE), 'recordings/good.yaml': recording(CUSTOM) });
    expect(await run(['good'])).toMatchObject({ code: 0, err: '' });
    expect((await run([], { all: true })).code).toBe(1);
  });

  test('are no reason to call a name wrong that they may hold', async () => {
    await files({ 'recordings/bad.yaml': 'name: [\n', 'recordings/good.yaml': recording(CUSTOM) });
    const { code, err } = await run(['lost']);
    expect(code).toBe(1);
    expect(err).toContain('recordings/bad.yaml:');
  });

  test('may be anything at all', async () => {
    const contents = [
      '',
      '- 1',
      'layout: 3',
      'layout: { layoutConfig: [1, null, { x_axis: a }] }',
      '\u0000',
      '&a [*a]',
    ];
    for (const content of contents) {
      await files({ 'recordings/x.yaml': content });
      expect((await run(['recordings/x.yaml'])).code).toBe(1);
    }
  });
});

describe('forms', () => {
  beforeEach(() => files({ 'recordings/a.yaml': recording(CUSTOM), 'recordings/b.yaml': recording('') }));

  test('svg and html go to a pipe', async () => {
    expect((await run(['a'], { output: 'svg' })).out).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect((await run(['a', 'b'], { output: 'svg' })).out).toContain('2 layouts, 2 different looks');
    expect((await run(['a'], { output: 'html' })).out).toContain('<title>Layout of a</title>');
    expect((await run([], { output: 'html', all: true })).out).toContain('<ul class="sheet">');
  });

  test('to a terminal they need a file', async () => {
    expect(await run(['a'], { output: 'svg' }, { outIsTerminal: true })).toMatchObject({ code: 64, out: '' });
    expect(await run(['a'], { output: 'png' })).toMatchObject({
      code: 64,
      err: '--output png needs --out FILE',
    });
  });

  test('the ending of --out chooses the form', async () => {
    for (const [file, start] of [
      ['a.svg', '<svg '],
      ['a.png', '\u0089PNG'],
      ['a.html', '<!doctype html>'],
      ['a.txt', 'a\n'],
    ] as const) {
      const { code, out, err } = await run(['a'], { out: file });
      expect([code, out, err]).toEqual([0, '', `Wrote ${join(cwd, file)}.\n`]);
      expect((await readFile(join(cwd, file), 'latin1')).startsWith(start)).toBe(true);
    }
  });

  test('a file that cannot be written is told', async () => {
    const { code, err } = await run(['a'], { out: 'nowhere/a.svg' });
    expect(code).toBe(1);
    expect(err).toContain('cannot write');
  });

  test('the sheet in the terminal has two drawings side by side in 80 columns', async () => {
    const { code, out } = await run([], { all: true });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^a +b\ncustom, 2 regions, the only one +floating, 5 regions, the only one\n╔═+╗ {3}╔═+╗\n/,
    );
    for (const line of out.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test('colour on a terminal only, and never into a file', async () => {
    const terminal = { outIsTerminal: true };
    expect((await run(['a'], {}, terminal)).out).toContain('\u001b[');
    expect((await run(['a'])).out).not.toContain('\u001b[');
    expect((await run(['a'], { color: false }, terminal)).out).not.toContain('\u001b[');
    await run(['a'], { out: 'a.txt' }, terminal);
    expect(await readFile(join(cwd, 'a.txt'), 'utf8')).not.toContain('\u001b[');
  });
});

describe('flags', () => {
  beforeEach(() => files({ 'recordings/a.yaml': recording('') }));

  test.each([
    [{ users: '0' }],
    [{ users: '18' }],
    [{ users: 'many' }],
    [{ size: '1280' }],
    [{ size: '0x720' }],
    [{ size: '99999x1' }],
    [{ output: 'gif' }],
  ])('%j is a wrong command line', async (raw) => {
    expect(await run(['a'], raw)).toMatchObject({ code: 64, out: '' });
  });

  test('--all draws everything and takes no names', async () => {
    expect(await run(['a'], { all: true })).toMatchObject({ code: 64 });
  });

  test('--users and --size are seen in the picture, and have variables', async () => {
    expect((await run(['a'], { users: '17', size: '720x1280' })).out).toContain(
      '17 users · canvas 720 × 1280',
    );
    const env = { REELSTATE_USERS: '2', REELSTATE_SIZE: '640x480' };
    expect((await run(['a'], {}, { env })).out).toContain('2 users · canvas 640 × 480');
  });

  test('--users says that it changes nothing about a custom layout', async () => {
    await files({ 'recordings/c.yaml': recording(CUSTOM) });
    expect((await run(['c'], { users: '3' })).err).toBe(
      'A custom layout shows all its regions: --users changes nothing.\n',
    );
  });

  test('json tells programs where everybody is seen, by flag and by variable', async () => {
    await files({ 'recordings/c.yaml': recording(OUTSIDE), 'recordings/w.yaml': recording('', 'web') });
    const { code, out, err } = await run([], { json: true });
    expect(code).toBe(1);
    expect(err).toContain('error[region-off-canvas]');
    const shown = JSON.parse(out);
    expect(shown).toMatchObject({ format_version: '1.0', omitted: ['w'] });
    expect(shown.recordings.map(({ name, layout, users }: never) => [name, layout, users])).toEqual([
      ['a', 'floating', 5],
      ['c', 'custom', undefined],
    ]);
    expect(shown.recordings[1]).toMatchObject({
      canvas: { width: 1280, height: 720 },
      backgroundColor: '#000000',
      regions: [
        { uid: '1', x_axis: 0, y_axis: 0, width: 0.5, height: 1, alpha: 1, render_mode: 'crop', z: 1 },
        { label: '1st to join', x_axis: 0.75, z: 2 },
      ],
      findings: [{ code: 'outside', severity: 'warning', regions: [2] }],
    });
    expect((await run([], { output: 'json' })).out).toBe(out);
    expect((await run([], {}, { env: { REELSTATE_OUTPUT: 'json' } })).out).toBe(out);
    expect((await run([], {}, { env: { REELSTATE_JSON: '1' } })).out).toBe(out);
  });

  test('markdown shows the text as it is', async () => {
    const text = await run(['a']);
    expect((await run(['a'], { output: 'markdown' })).out).toBe(`\`\`\`text\n${text.out}\`\`\`\n`);
  });
});
