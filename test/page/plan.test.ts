import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { planHtml } from '../../src/page/plan.ts';
import { emptyState } from '../../src/state/fold.ts';
import { recording } from '../support/cli.ts';
import { applied, desiredOf, planOf } from '../support/planning.ts';

const VIEW = { users: 5, size: { width: 1280, height: 720 } };
const ENV = {
  S3_KEY: 'AKIA0123456789',
  S3_SECRET: 'very-secret-key',
  CDN_URL: 'rtmp://cdn.example.com/live/stream-key',
};
const RED = 'layout: { mixedVideoLayout: bestFit, backgroundColor: "#FF0000" }\n';
const PLAIN = 'layout: { mixedVideoLayout: bestFit }\n';
const WEB = (onhold: boolean) =>
  recording('w', `onhold: ${onhold}\nrtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n`, 'web');

async function change(
  before: Record<string, string>,
  after: Record<string, string>,
  env: Record<string, string> = ENV,
): Promise<Plan> {
  const state = emptyState();
  await applied(planOf(await desiredOf(before, ENV)), state);
  return planOf(await desiredOf(after, env), state.known);
}

describe('the page of a plan', () => {
  it('has the verdict, then resets, problems and every recording with something to say', async () => {
    const html = planHtml(
      await change(
        { 'a.yaml': recording('a', RED), 'b.yaml': recording('b'), 'c.yaml': recording('c') },
        { 'a.yaml': recording('a', PLAIN), 'b.yaml': recording('b'), 'w.yaml': WEB(true) },
        {},
      ),
      VIEW,
    );
    const order = [
      '<h1>Plan of 4 recordings</h1>',
      'Cannot be applied as it stands.',
      '1 to create, 1 to change, 1 to forget, 1 unchanged.',
      '2 calls (1 update, 1 updateLayout), 0.2 s at 10 a second.',
      '1 value goes back to its default.',
      '1 recording would be held back',
      '<h2>Back to the defaults</h2>',
      '<a href="#r1">a</a></th><td role="cell" data-label="field">backgroundColor</td><td role="cell" data-label="change" class="wide">&quot;#FF0000&quot; → &quot;#000000&quot;</td>',
      '<h2>Problems</h2>',
      '<strong class="warning">warning</strong> <code>environment-unset</code> recordings/w.yaml:9:',
      '<h2>Recordings</h2>',
      '<section id="r1">',
      '<h2>~ a</h2>',
      '<span class="alarm">! back to its default</span>',
      'Change of the layout of a</title>',
      '<section id="r2">',
      '<h2>+ w</h2>',
      '<section id="r3">',
      '<h2>- c</h2>',
      'its file is gone',
      '<h2>Unchanged</h2>',
      '1 recording as they were applied.',
      'Made by reelstate plan at 2026-01-02T03:04:05.000Z.',
    ].map((words) => [words, html.indexOf(words)] as const);
    for (const [words, at] of order) expect(at, words).toBeGreaterThan(0);
    expect(order.map(([, at]) => at)).toEqual(order.map(([, at]) => at).sort((a, b) => a - b));
    // What stays as it is has no place of its own.
    expect(html).not.toContain('recordings/b.yaml');
  });

  it('says so when there is nothing to do', async () => {
    const same = { 'a.yaml': recording('a') };
    const html = planHtml(await change(same, same), VIEW);
    expect(html).toContain('0 to create, 0 to change, 0 to forget, 1 unchanged.');
    expect(html).toContain('<p>No calls.</p>');
    expect(html).not.toMatch(/<svg|Back to the defaults|<h2>Problems|class="alarm"/);
  });

  it('says which commit the files are from', async () => {
    const same = { 'a.yaml': recording('a') };
    const commit = { sha: '0123456789abcdef', subject: '<b>Stage', author: 'Ada' };
    const html = planHtml({ ...(await change(same, same)), commit }, VIEW);
    expect(html).toContain(' from commit 0123456789, &quot;&lt;b&gt;Stage&quot; by Ada.');
  });

  it('says where a file is broken', async () => {
    const files = { 'a.yaml': recording('a') };
    const html = planHtml(await change(files, { ...files, 'd.yaml': 'nonsense: [' }), VIEW);
    expect(html).toContain('Cannot be applied as it stands.');
    expect(html).toContain(
      '<strong class="alarm">error</strong> <code>yaml-syntax</code> recordings/d.yaml:1:',
    );
    expect(html).toContain('<pre>nonsense: [</pre>');
  });

  it('has identifiers of their own, and links that lead somewhere', async () => {
    const files = (block: string) => ({
      'a.yaml': recording('a', block),
      'b.yaml': recording('b', block),
      'c.yaml': recording('c', block),
    });
    const html = planHtml(await change(files(RED), files(PLAIN)), VIEW);
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...html.matchAll(/(?:href="#|url\(#|labelledby=")([^")]*)/g)].flatMap(([, id]) =>
      (id ?? '').split(' '),
    );
    expect(links.length).toBeGreaterThan(9);
    for (const id of links) expect(ids).toContain(id);
  });

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='x", '</style><b>'])(
    'takes %j for text, wherever it stands',
    async (words) => {
      const file = (block: string) => `name: ${JSON.stringify(words)}\n${recording('x', block)}`;
      const plan = await change(
        { [`${words}.yaml`]: file(RED) },
        { [`${words}.yaml`]: file(PLAIN), [`broken ${words}.yaml`]: `${words}: [${words}` },
      );
      const [planned] = plan.recordings;
      const [call] = planned?.calls ?? [];
      if (!planned || call?.endpoint !== 'updateLayout') throw new Error('no layout was planned');
      // Values that the checks would not have let through.
      call.changes.push({ path: '/layout', before: words, after: null, reason: 'reset', subject: words });
      call.request = { ...call.request, backgroundColor: words, backgroundImage: words };
      const html = planHtml({ ...plan, recordings: [{ ...planned, notes: [words] }] }, VIEW);
      expect(planned.name).toBe(words);
      expect(plan.diagnostics.length).toBeGreaterThan(0);
      expect(html).not.toMatch(/<(script|img|iframe|link|object|embed|base|form|foreignObject|image|use)\b/i);
      const tags = (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'));
      for (const tag of tags) expect(tag).not.toMatch(/\s(on\w+|src|srcset)=/i);
      expect(html.match(/<style>/g)).toHaveLength(1);
    },
  );

  it('holds no secret', async () => {
    const cases = join(import.meta.dirname, '../fixtures/plans');
    const filesOf = (folder: string) =>
      Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    const folder = join(cases, 'create-every-mode/after');
    const html = planHtml(planOf(await desiredOf(filesOf(folder), ENV)), VIEW);
    expect(html).toContain('(sensitive)');
    for (const secret of Object.values(ENV)) expect(html).not.toContain(secret);
    expect(html).not.toContain('stream-key');
  });

  it('shows a thousand changes', async () => {
    const plan = await change({ 'a.yaml': recording('a', RED) }, { 'a.yaml': recording('a', PLAIN) });
    const recordings = Array.from({ length: 1000 }, (_, index) =>
      plan.recordings.map((each) => ({ ...each, name: `r${index}` })),
    ).flat();
    const html = planHtml({ ...plan, recordings }, VIEW);
    expect(html.match(/<svg /g)).toHaveLength(1000);
    expect(html.match(/<section id="r\d+">/g)).toHaveLength(1000);
    expect(html).toContain('<details><summary>1000 recordings with something to say</summary>');
  });
});
