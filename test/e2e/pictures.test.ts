import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folder, put, recording } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

/*
 * Pictures through the built command: of a layout, and of what a plan does to it.
 */

const ROOT = join(import.meta.dirname, '../..');
const CUSTOM = (x: number) => `layout:
  mixedVideoLayout: custom
  layoutConfig:
    - { uid: "1", x_axis: 0, y_axis: 0, width: 0.5, height: 1 }
    - { uid: "2", x_axis: ${x}, y_axis: 0, width: 0.3, height: 0.5, alpha: 0.5, render_mode: fit }
`;

/** A folder where `before` is applied, and the files are as `after` has them. */
async function changed(before: Record<string, string>, after: Record<string, string>): Promise<string> {
  const cwd = await folder(before);
  const sim = await simulator(cwd);
  expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
  await sim.stop();
  await put(cwd, after);
  return cwd;
}

describe('a plan with pictures', () => {
  let cwd: string;
  beforeAll(async () => {
    const web = recording('web', 'onhold: true\n', 'web');
    cwd = await changed(
      { 'recordings/a.yaml': recording('a', CUSTOM(0.5)), 'recordings/same.yaml': recording('same') },
      {
        'recordings/a.yaml': recording('a', CUSTOM(0.7)),
        'recordings/web.yaml': web,
        'recordings/new one.yaml': recording('new', 'layout: { mixedVideoLayout: bestFit }\n'),
      },
    );
  });

  it('draws before and after under each recording whose layout changes', async () => {
    const { code, stdout } = await run(['plan', '--pictures'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /~ a +recordings\/a\.yaml\n[\s\S]*x_axis 0\.5 → 0\.7\n {6}before: custom +after: custom\n/,
    );
    expect(stdout).toContain('not known: nothing was applied');
    expect(stdout.match(/before:? /g)).toHaveLength(2);
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    expect((await run(['plan'], { cwd })).stdout).not.toContain('╔');
    const larger = await run(['plan', 'new one', '--pictures', '--users', '12'], { cwd });
    expect(larger.stdout).toMatch(/12th/);
  });

  it('in markdown as characters, or as images in a folder', async () => {
    const drawn = await run(['plan', '--output', 'markdown', '--pictures'], { cwd });
    expect(drawn.stdout.match(/^```text$/gm)).toHaveLength(2);

    const dir = ['--pictures-dir', 'out (1)/pictures'];
    const linked = await run(['plan', '--output', 'markdown', ...dir], { cwd });
    expect(linked).toMatchObject({
      code: 0,
      stderr: `Wrote 2 pictures to ${join(cwd, 'out (1)/pictures')}.\n`,
    });
    expect(await readdir(join(cwd, 'out (1)/pictures'))).toEqual(['a.svg', 'new-one.svg']);
    expect(linked.stdout).toMatch(/!\[Layout of a, [^\n]*\]\(out%20%281%29\/pictures\/a\.svg\)/);
    expect(await readFile(join(cwd, 'out (1)/pictures/a.svg'), 'utf8')).toMatch(
      /^<svg [\s\S]*uid 2 moved from 0\.5, 0 to 0\.7, 0[\s\S]*<\/svg>\n$/,
    );

    const url = ['--pictures-url', 'https://files.example.com/pr/7/'];
    const elsewhere = await run(['plan', '--output', 'markdown', ...dir, ...url], { cwd });
    expect(elsewhere.stdout).toContain('](https://files.example.com/pr/7/new-one.svg)');
  });

  it('as one page', async () => {
    const { code, stdout, stderr } = await run(['plan', '--output', 'html'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^<!doctype html>\n[\s\S]*<\/html>\n$/);
    expect(stdout.match(/<svg /g)).toHaveLength(2);
    expect(stdout).toContain('<h2>+ web</h2>');
    expect(stdout).toContain('1 recording as they were applied.');
    expect(stdout).not.toMatch(/<script|<link|@import|src=/);
  });

  it('keeps the exit codes, and says what is wrong with the command line', async () => {
    expect((await run(['plan', '--output', 'html', '--detailed-exitcode'], { cwd })).code).toBe(2);
    const wrong = [
      ['plan', '--pictures', '--users', '18'],
      ['plan', '--pictures', '--size', 'large'],
      ['plan', '--pictures-url', 'https://files.example.com'],
      ['plan', '--pictures-dir', 'x', '--pictures-url', 'javascript:alert(1)'],
      ['plan', '--pictures-dir', ''],
      ['apply', '--output', 'html'],
      ['status', '--output', 'html'],
    ];
    for (const args of wrong) expect(await run(args, { cwd }), args.join(' ')).toMatchObject({ code: 64 });
    const blocked = await run(['plan', '--pictures-dir', 'recordings/a.yaml'], { cwd });
    expect(blocked).toMatchObject({ code: 1, stdout: '' });
    expect(blocked.stderr).toMatch(
      /^reelstate: cannot write pictures: \S*recordings\/a\.yaml: a file is in the place of the folder\n$/,
    );
  });
});

describe('preview', () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = await folder({
      'recordings/a.yaml': recording('a', CUSTOM(0.4)),
      'recordings/images.yaml': recording(
        'images',
        `${CUSTOM(0.5)}  backgroundConfig: [{ uid: "2", image_url: "https://cdn.example.com/two.jpg" }]\n`,
      ),
      'recordings/off.yaml': recording('off', CUSTOM(0.8)),
      'recordings/grid.yaml': recording('grid', 'layout: { mixedVideoLayout: bestFit }\n'),
      'recordings/stack.yaml': recording('stack', 'layout: { mixedVideoLayout: vertical }\n'),
      'recordings/plain.yaml': recording('plain', ''),
    });
  });

  it('marks transparency, fit and crop, images of users, overlaps and what leaves the canvas', async () => {
    const overlap = await run(['preview', 'recordings/a.yaml'], { cwd });
    expect(overlap.code).toBe(0);
    expect(overlap.stdout).toContain('! uid 2 covers 10 % of uid 1.');
    expect(overlap.stdout).toContain('╱');
    expect(overlap.stdout).toMatch(/alpha 0\.5/);
    expect((await run(['preview', 'images'], { cwd })).stdout).toMatch(/own image[\s\S]*cdn\.example\.com/);
    const off = await run(['preview', 'off'], { cwd });
    expect(off.code).toBe(1);
    expect(off.stdout).toMatch(/▶[\s\S]*! uid 2 leaves the canvas at the right\./);
  });

  it.each(['grid', 'stack', 'plain'])('shows %s with 1 to 17 people in 80 columns', async (name) => {
    for (const users of [1, 2, 5, 9, 17]) {
      const { code, stdout } = await run(['preview', name, '--users', String(users)], { cwd });
      expect(code).toBe(0);
      expect(stdout).toContain(`with ${users} user${users === 1 ? '' : 's'} · canvas 1280 × 720`);
      for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    }
  });

  it('writes what is asked for', async () => {
    const starts = { svg: '<svg ', png: '\u0089PNG', html: '<!doctype html>' };
    for (const [form, begin] of Object.entries(starts)) {
      const out = `a.${form}`;
      expect((await run(['preview', 'a', '--output', form, '--out', out], { cwd })).code).toBe(0);
      expect((await readFile(join(cwd, out), 'latin1')).startsWith(begin)).toBe(true);
    }
    const sheet = await run(['preview', '--all', '--output', 'svg'], { cwd });
    for (const name of ['a', 'images', 'off', 'grid', 'stack', 'plain'])
      expect(sheet.stdout).toContain(`>${name}</text>`);
  });
});

describe('the picture in the README', () => {
  it('is what the command makes of the example', async () => {
    const file = 'recordings/town-hall.yaml';
    const before = await readFile(join(ROOT, 'test/fixtures/pictures/town-hall-before.yaml'), 'utf8');
    const after = await readFile(join(ROOT, file), 'utf8');
    const cwd = await changed({ [file]: before }, { [file]: after });
    expect((await run(['plan', '--pictures-dir', 'pictures'], { cwd })).code).toBe(0);
    const made = await readFile(join(cwd, 'pictures/town-hall.svg'), 'utf8');
    await expect(made).toMatchFileSnapshot(join(ROOT, 'recordings/town-hall.svg'));
  });
});

it('a portrait show is drawn upright from import to plan, whatever was read before', async () => {
  const body = {
    ...{
      appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      cname: 'tall',
      uid: '527841',
      resourceId: 'r',
      mode: 'mix',
    },
    sid: '38f8e3cfdc474cd56fc1ceba380d7e1a',
    clientRequest: {
      recordingConfig: {
        channelType: 1,
        transcodingConfig: { width: 720, height: '1280', fps: 15, mixedVideoLayout: 1 },
      },
    },
  };
  const cwd = await folder({ 'start.json': JSON.stringify(body) });
  const done = async (...args: string[]) => {
    const ran = await run(args, { cwd });
    expect(ran).toMatchObject({ code: 0 });
    return ran.stdout;
  };
  await done('import', 'start.json', '--out', 'recordings/tall.yaml', '--applied');
  expect(await readFile(join(cwd, 'recordings/tall.yaml'), 'utf8')).toContain(
    '\ncanvas: { width: 720, height: 1280 }\n',
  );
  expect(await done('preview', 'tall')).toContain('canvas 720 × 1280');
  expect(await done('preview', 'tall', '--size', '640x360')).toContain('canvas 640 × 360');
  // Nothing of it is sent, and it is known when the file is not read in full.
  for (let times = 0; times < 2; times++)
    expect(JSON.parse(await done('plan', '--json')).summary).toMatchObject({ unchanged: 1, to_update: 0 });
  const text = await readFile(join(cwd, 'recordings/tall.yaml'), 'utf8');
  await put(cwd, { 'recordings/tall.yaml': text.replace('bestFit', 'floating') });
  await done('plan');
  // From what was kept of the file.
  await done('plan', '--pictures-dir', 'pictures');
  const svg = await readFile(join(cwd, 'pictures/tall.svg'), 'utf8');
  const frame = /<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="([\d.]+)" fill="#000000"/.exec(svg);
  expect(Number(frame?.[1]) / Number(frame?.[2])).toBeCloseTo(720 / 1280, 1);
  await put(cwd, { 'recordings/tall.yaml': text.replace('720', '0') });
  expect((await run(['validate'], { cwd })).code).toBe(1);
});
