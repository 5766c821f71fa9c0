import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import { commit, GIT_ENV, repository } from '../sources/git-support.ts';
import { type Browser, chromium, openBrowser } from '../support/browser.ts';
import { folder, put, recording } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * The pages of a running daemon in a real browser, against the simulator.
 */

const LAYOUT = (color: string, width = 0.5) => `layout:
  mixedVideoLayout: custom
  backgroundColor: "${color}"
  layoutConfig:
    - { uid: "1", x_axis: 0, y_axis: 0, width: ${width}, height: 1 }
`;
const FILES = {
  'recordings/keynote.yaml': recording('keynote', LAYOUT('#102030')),
  'recordings/panel.yaml': recording('panel', LAYOUT('#203040')),
  'recordings/web.yaml': recording(
    'web',
    'onhold: true\nrtmp: { outputs: [{ rtmpUrl: "rtmp://cdn.example.com/live/a-stream-key" }] }\n',
    'web',
  ),
};

let browser: Browser;

async function tab() {
  const opened = await browser.tab();
  onTestFinished(() => opened.close());
  return opened;
}

test('there is a Chromium, or none is asked for', () => {
  if (chromium === undefined) expect(process.env.REELSTATE_CHROMIUM_REQUIRED ?? '').toBe('');
});

describe.runIf(chromium !== undefined)('in a real Chromium', () => {
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('the status page', { timeout: 60_000 }, async () => {
    const cwd = await folder(FILES);
    const w = await watching(cwd, ['--resync', '2s']);
    const t = await tab();
    await t.size(1280, 900);
    await t.goto(`${w.url}/`);
    await t.sees(`document.getElementById('live').textContent === 'Live.'`);
    await t.sees(`document.querySelector('.counts strong').textContent === '3'`);

    // An edit shows within a second of being saved.
    const now = () =>
      t.evaluate<string>(`document.querySelector('[data-key="panel"] rect').getAttribute('fill')`);
    expect(await now()).toBe('#203040');
    await put(cwd, { 'recordings/panel.yaml': recording('panel', LAYOUT('#FF0000')) });
    const saved = performance.now();
    await until(async () => (await now()) === '#FF0000', 'the edit');
    expect(performance.now() - saved).toBeLessThan(1_000);
    await t.sees(`document.querySelector('#calls tbody tr').textContent.includes('panel')`);

    // A call that is refused rises to the top, with its place, and goes when it is put right.
    await t.evaluate(`document.querySelector('[name=q]').focus()`);
    await t.type('half a wor');
    await w.sim.json('/_sim/faults', {
      method: 'PUT',
      body: JSON.stringify(['400@sid=sid-panel']),
      headers: { 'content-type': 'application/json' },
    });
    await put(cwd, { 'recordings/panel.yaml': recording('panel', LAYOUT('#00FF00')) });
    await t.sees(`document.querySelector('#attention tbody th')?.textContent === 'panel'`);
    expect(await t.evaluate(`document.querySelector('#attention').textContent`)).toMatch(
      /Stalled Refused[\s\S]*recordings\/panel\.yaml:1/,
    );
    expect(await t.evaluate(`document.title`)).toBe('1 Stalled · reelstate');
    await w.sim.json('/_sim/faults', {
      method: 'PUT',
      body: '[]',
      headers: { 'content-type': 'application/json' },
    });
    await put(cwd, { 'recordings/panel.yaml': recording('panel', LAYOUT('#0000FF')) });
    await t.sees(`document.querySelector('#attention').textContent.includes('Nothing.')`);

    // What was being typed is still there, and has the focus.
    expect(await t.evaluate(`document.activeElement.name + ': ' + document.activeElement.value`)).toBe(
      'q: half a wor',
    );
    // Read back is what query shows, and nothing else.
    await t.sees(`document.querySelector('[data-key="web"]').textContent.includes('onhold: observed')`);
    expect(await t.evaluate(`document.querySelector('[data-key="panel"]').textContent`)).toContain(
      'layout: assumed',
    );

    expect(t.errors).toEqual([]);
    expect(t.requests.filter((url) => !url.startsWith(`${w.url}/`) && !url.startsWith('data:'))).toEqual([]);
    expect((await w.stop()).code).toBe(0);
    await t.sees(`document.getElementById('live').textContent.includes('may be old')`);
  });

  it('filters, links and keys lead somewhere', { timeout: 60_000 }, async () => {
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`recordings/many/m${n}.yaml`, recording(`m${n}`)]),
    );
    const cwd = await folder({ ...FILES, ...many });
    const w = await watching(cwd, ['--rate', '200'], { sim: ['--rate', '200'] });
    await w.condition('m59', 'Ready');
    const t = await tab();
    await t.goto(`${w.url}/`);
    const names = () =>
      t.evaluate<string[]>(
        `[...document.querySelectorAll('#recordings tbody th')].map((th) => th.textContent)`,
      );
    const found = () => t.evaluate<string>(`document.querySelector('#recordings form + p').textContent`);
    expect(await names()).toHaveLength(50);
    await t.click('.pages a');
    await t.sees(
      `location.search === '?page=2' && document.querySelectorAll('#recordings tbody tr').length === 13`,
    );

    await t.goto(`${w.url}/`);
    await t.evaluate(`document.querySelector('[name=q]').focus()`);
    await t.type('KEYNOTE');
    await t.press('Enter');
    await t.sees(`location.search.includes('q=KEYNOTE')`);
    await t.sees(`document.querySelectorAll('#recordings tbody tr').length === 1`);
    expect([await found(), await names()]).toEqual(['1 recording found.', ['keynote']]);
    await t.goto(`${w.url}/?mode=web`);
    expect(await names()).toEqual(['web']);
    await t.goto(`${w.url}/?condition=Stalled&page=9&mode=other`);
    expect(await found()).toBe('0 recordings found.');

    await t.goto(`${w.url}/?q=keynote`);
    await t.click('#recordings tbody a');
    await t.sees(`document.querySelector('h1').textContent === 'keynote'`);
    expect(await t.evaluate(`document.querySelector('#layout svg title').textContent`)).toBe(
      'Layout of keynote',
    );
    expect(await t.evaluate(`document.querySelector('#layout g title').textContent`)).toBe('uid 1, #1');
    // The first key leads past what stands on every page.
    await t.goto(`${w.url}/`);
    await t.press('Tab');
    expect(await t.evaluate(`document.activeElement.textContent`)).toBe('To the content');
    await t.press('Enter');
    await t.sees(`document.activeElement.id === 'main'`);
    expect(t.errors).toEqual([]);
    await w.stop();
  });

  it('is for everybody: axe-core, 360 px, both schemes, no script', {
    timeout: 60_000,
  }, async () => {
    const remote = await repository({ ...FILES, 'recordings/broken.yaml': 'name: [\n' });
    const cwd = await folder(FILES);
    const w = await watching(cwd, ['--git-url', `file://${remote}`, '--ref', 'main', '--interval', '1s'], {
      env: GIT_ENV,
      sim: ['--fault', '400@sid=sid-keynote'],
    });
    await w.condition('panel', 'Ready');
    await w.condition('keynote', 'Stalled');
    await put(remote, { 'recordings/panel.yaml': recording('panel', LAYOUT('#FF0000', 0.7)) });
    commit(remote, 'Make it <b>red</b>');
    await until(
      async () => (await (await w.get('/calls')).text()).includes('Make it &lt;b&gt;red&lt;/b&gt;'),
      'the commit',
    );
    for (const [width, scheme] of [
      [1280, 'light'],
      [1280, 'dark'],
      [360, 'light'],
      [360, 'dark'],
    ] as const)
      for (const path of [
        '/',
        '/recording?name=panel',
        '/recording?name=keynote',
        '/recording?name=x',
        '/calls',
      ]) {
        const t = await tab();
        await t.media(scheme);
        await t.size(width, 800);
        await t.goto(`${w.url}${path}`);
        const at = `${path} ${width} ${scheme}`;
        expect([at, await t.axe()]).toEqual([at, []]);
        expect([at, await t.evaluate(`document.documentElement.scrollWidth`)]).toEqual([at, width]);
        if (path !== '/recording?name=x') expect([at, t.errors]).toEqual([at, []]);
      }
    const t = await tab();
    await t.scripts(false);
    await t.goto(`${w.url}/`);
    expect(await t.evaluate(`document.getElementById('live').textContent`)).toBe('');
    expect(await t.evaluate(`document.querySelectorAll('#recordings tbody tr').length`)).toBe(3);
    await t.evaluate(`document.querySelector('[name=q]').focus()`);
    await t.type('web');
    await t.click('form button');
    await t.sees(`document.querySelectorAll('#recordings tbody tr').length === 1`);
    await w.stop();
  });

  it('nothing that a file says is run', { timeout: 60_000 }, async () => {
    const name = '"><img src=x onerror=document.title=1><script>document.title=1</script>';
    const cwd = await folder({
      'recordings/x.yaml': `name: ${JSON.stringify(name)}\n${recording('x', LAYOUT('#102030'))}`,
    });
    const w = await watching(cwd);
    const t = await tab();
    for (const path of [
      '/',
      `/recording?${new URLSearchParams({ name })}`,
      `/?${new URLSearchParams({ q: name })}`,
    ]) {
      await t.goto(`${w.url}${path}`);
      expect(await t.evaluate(`document.title`)).not.toBe('1');
      expect(await t.evaluate(`document.querySelectorAll('img, main script').length`)).toBe(0);
      expect(await t.evaluate(`document.body.textContent.includes('onerror')`)).toBe(true);
    }
    expect(t.errors).toEqual([]);
    await w.stop();
  });
});
