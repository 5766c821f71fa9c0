import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeLayout } from '../../src/agora/defaults.ts';
import { planHtml } from '../../src/page/plan.ts';
import { previewPage, sheetPage } from '../../src/page/preview.ts';
import { placeLayout } from '../../src/render/picture/geometry.ts';
import { emptyState } from '../../src/state/fold.ts';
import { place, SAMPLES } from '../render/picture/samples.ts';
import { chromium, openBrowser } from '../support/browser.ts';
import { recording } from '../support/cli.ts';
import { applied, desiredOf, planOf } from '../support/planning.ts';

/*
 * The pages in a real browser. Chromium is looked for on the path (or at REELSTATE_CHROMIUM); where there is none the
 * suite says so, and fails when REELSTATE_CHROMIUM_REQUIRED is set, as it is on the machine that decides on a change.
 */

const run = promisify(execFile);
const PATIENCE = 60_000;

test('there is a Chromium, or nobody asked for one', () => {
  if (chromium === undefined) {
    console.warn(
      'No Chromium found: the pages were NOT opened in a real browser. Install Debian\'s "chromium".',
    );
    expect(process.env.REELSTATE_CHROMIUM_REQUIRED ?? '').toBe('');
  } else expect(chromium).toMatch(/chrom/);
});

/** The page of a plan that takes three recordings from one block to another. */
async function planPage(block: (n: number) => string, name = 'stage'): Promise<string> {
  const files = (n: number) =>
    Object.fromEntries(
      [1, 2, 3].map((each) => [
        `${each}.yaml`,
        `name: ${JSON.stringify(name + each)}\n${recording(each, block(n))}`,
      ]),
    );
  const state = emptyState();
  await applied(planOf(await desiredOf(files(1))), state);
  const plan = planOf(await desiredOf(files(2)), state.known);
  return planHtml(plan, { users: 5, size: { width: 1280, height: 720 } });
}

describe.runIf(chromium !== undefined)('in a real Chromium', () => {
  let folder: string;
  let server: Server;
  let asked: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelstate-pictures-'));
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    asked = [];
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const away = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function open(markup: string, ...more: string[]): Promise<string> {
    const path = join(folder, 'page.html');
    await writeFile(path, markup);
    const profile = await mkdtemp(join(folder, 'profile-'));
    const quiet = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars'];
    const flags = [...quiet, `--user-data-dir=${profile}`, '--window-size=1100,1400', ...more];
    const { stdout } = await run(chromium ?? '', [...flags, `file://${path}`], {
      timeout: PATIENCE,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  const entries = (Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]).map((name) => ({
    name,
    placement: place(name),
  }));

  test('every picture of a page is there, with its title', { timeout: PATIENCE }, async () => {
    const dom = await open(previewPage(entries, ['web-demo']), '--dump-dom');
    expect(dom.match(/<svg [^>]*role="img"/g)).toHaveLength(entries.length);
    for (const { name } of entries) expect(dom).toContain(`>Layout of ${name}</title>`);
    expect(dom).toContain('<h2>Without a mixed layout</h2>');
  });

  test('pictures are painted', { timeout: PATIENCE }, async () => {
    const shot = join(folder, 'shot.png');
    const paint = async (markup: string) => {
      await open(markup, `--screenshot=${shot}`);
      return readFile(shot);
    };
    const page = sheetPage(entries, []);
    const painted = await paint(page);
    // The same page without its pictures: smaller by far, so the pictures are what is seen.
    const bare = await paint(page.replaceAll(/<svg[\s\S]*?<\/svg>/g, ''));
    expect(painted.length).toBeGreaterThan(bare.length * 1.5);
  });

  test('the page of a plan is painted, in light and dark', {
    timeout: PATIENCE,
  }, async () => {
    const markup = await planPage((n) => `layout: { mixedVideoLayout: ${n} }\n`);
    const dom = await open(markup, '--dump-dom');
    expect(dom.match(/<section id="r\d+"/g)).toHaveLength(3);
    expect(dom.match(/<svg [^>]*role="img"/g)).toHaveLength(3);
    const shot = join(folder, 'plan.png');
    const paint = async (...flags: string[]) => {
      await open(markup, `--screenshot=${shot}`, ...flags);
      return readFile(shot);
    };
    const light = await paint();
    const dark = await paint('--blink-settings=preferredColorScheme=0');
    expect(light.equals(dark)).toBe(false);
    // The same page with its pictures left white: smaller, so the pictures are what is seen.
    const blank = markup.replaceAll(/(<svg [^>]*>)[\s\S]*?<\/svg>/g, '$1</svg>');
    await open(blank, `--screenshot=${shot}`);
    expect(light.length).toBeGreaterThan((await readFile(shot)).length * 1.2);
  });

  test('pages in one file are for everybody, too: axe-core, 360 px, both schemes', {
    timeout: PATIENCE,
  }, async () => {
    const pages = {
      plan: await planPage((n) => `layout: { mixedVideoLayout: ${n}, backgroundColor: "#${n}0203${n}" }\n`),
      preview: previewPage(entries, ['web-demo']),
      sheet: sheetPage(entries, ['web-demo']),
    };
    const browser = await openBrowser();
    try {
      for (const [name, markup] of Object.entries(pages)) {
        await writeFile(join(folder, `${name}.html`), markup);
        for (const [width, scheme] of [
          [1280, 'light'],
          [360, 'dark'],
        ] as const) {
          const tab = await browser.tab();
          await tab.media(scheme);
          await tab.size(width, 800);
          await tab.goto(`file://${join(folder, `${name}.html`)}`);
          const at = `${name} ${width} ${scheme}`;
          expect([at, await tab.axe()]).toEqual([at, []]);
          expect([at, await tab.evaluate(`document.documentElement.scrollWidth`)]).toEqual([at, width]);
          await tab.close();
        }
      }
    } finally {
      await browser.close();
    }
  });

  test('nothing of a plan is run or fetched', { timeout: PATIENCE }, async () => {
    const words = `<img src='${away()}/plan'><script>document.title='run'</script>`;
    const markup = await planPage((n) => `layout: { backgroundImage: '${away()}/${n}.jpg' }\n`, words);
    expect(markup).toContain(`${away()}/2.jpg`);
    const dom = await open(markup, '--dump-dom');
    expect(dom).not.toContain('<title>run</title>');
    expect(dom).not.toMatch(/<(img|image|script)\b/);
    expect(asked).toEqual([]);
  });

  test('nothing that a file says is run or fetched', { timeout: PATIENCE }, async () => {
    const words = [
      `<img src="${away()}/name">`,
      `"><image href="${away()}/attribute"/>`,
      `<script>document.title='run';fetch('${away()}/script')</script>`,
      `</style><style>@import '${away()}/style'</style>`,
    ];
    const hostile = words.map((name) => ({
      name,
      placement: placeLayout(
        completeLayout({
          ...{ mixedVideoLayout: 3, backgroundColor: name, backgroundImage: `${away()}/canvas.jpg` },
          ...{ defaultUserBackgroundImage: `${away()}/default.jpg` },
          layoutConfig: [{ uid: name, x_axis: 0, y_axis: 0, width: 1, height: 1 }],
          backgroundConfig: [{ uid: name, image_url: `${away()}/own.jpg` }],
        }),
      ),
    }));
    for (const markup of [previewPage(hostile, words), sheetPage(hostile, words)]) {
      const dom = await open(markup, '--dump-dom');
      expect(dom).not.toContain('<title>run</title>');
      expect(dom).not.toMatch(/<(img|image|script)\b/);
    }
    expect(asked).toEqual([]);
  });

  test('the browser would have asked, had there been something to load', { timeout: PATIENCE }, async () => {
    await open(`<!doctype html><img src="${away()}/control">`, '--dump-dom');
    expect(asked).toContain('/control');
    asked = [];
    const guarded = previewPage([], []).replace('</main>', `<img src="${away()}/guarded"></main>`);
    await open(guarded, '--dump-dom');
    expect(asked).not.toContain('/guarded');
  });
});
