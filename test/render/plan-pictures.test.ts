import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { planMarkdown } from '../../src/render/plan-markdown.ts';
import {
  changeLines,
  drawnPictures,
  layoutChange,
  linkedPictures,
  pictureFiles,
} from '../../src/render/plan-pictures.ts';
import { planText } from '../../src/render/plan-text.ts';
import { styleFor } from '../../src/render/style.ts';
import { emptyState } from '../../src/state/fold.ts';
import { recording } from '../support/cli.ts';
import { applied, desiredOf, planOf } from '../support/planning.ts';

const VIEW = { users: 5, size: { width: 1280, height: 720 } };
const PLAIN = { columns: 80, style: styleFor(false) };
const TWO = `layout:
  mixedVideoLayout: custom
  layoutConfig:
    - { uid: "1", x_axis: 0, y_axis: 0, width: 0.5, height: 1 }
    - { uid: "2", x_axis: 0.5, y_axis: 0, width: 0.5, height: 0.5 }
`;
const MOVED = TWO.replace('x_axis: 0.5, y_axis: 0,', 'x_axis: 0.5, y_axis: 0.5,');

/** The plan from what `before` says, applied, to what `after` says; each a layout by the recording's name. */
async function change(before: Record<string, string>, after: Record<string, string>): Promise<Plan> {
  const files = (blocks: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(blocks).map(([name, block], index) => [
        `${index}.yaml`,
        `name: ${JSON.stringify(name)}\n${recording(index, block)}`,
      ]),
    );
  const state = emptyState();
  if (Object.keys(before).length > 0) await applied(planOf(await desiredOf(files(before))), state);
  return planOf(await desiredOf(files(after)), state.known);
}

async function changed(before: string | undefined, after: string) {
  const plan = await change(before === undefined ? {} : { a: before }, { a: after });
  const [only] = plan.recordings;
  if (!only) throw new Error('nothing was planned');
  return only;
}

describe('what a picture shows of a plan', () => {
  it('is the layout last applied and the one to come', async () => {
    const seen = layoutChange(await changed(TWO, MOVED), VIEW);
    expect(seen?.before?.boxes[1]).toMatchObject({ label: 'uid 2', x: 0.5, y: 0 });
    expect(seen?.after.boxes[1]).toMatchObject({ label: 'uid 2', x: 0.5, y: 0.5 });
  });

  it('has no before where nothing was applied', async () => {
    const seen = layoutChange(await changed(undefined, TWO), VIEW);
    expect(seen?.before).toBeUndefined();
    expect(seen?.after.boxes).toHaveLength(2);
    expect(changeLines(await changed(undefined, TWO), VIEW, PLAIN).join('\n')).toContain('not known');
  });

  it('goes from the layout to the default that takes its place', async () => {
    const seen = layoutChange(await changed(TWO, ''), VIEW);
    expect([seen?.before?.layout, seen?.after.layout]).toEqual(['custom', 'floating']);
  });

  it('is nothing where nothing of a change is seen', async () => {
    const unseen = [
      await changed(TWO, TWO),
      await changed('', 'subscriptions: { audioUidList: { subscribeAudioUids: ["5"] } }\n'),
      await changed(
        TWO,
        `${TWO}  backgroundConfig: [{ uid: "77", image_url: "https://cdn.example.com/77.jpg" }]\n`,
      ),
    ];
    expect(unseen[2]?.calls).toHaveLength(1);
    for (const each of unseen) {
      expect(layoutChange(each, VIEW)).toBeUndefined();
      expect(changeLines(each, VIEW, PLAIN)).toEqual([]);
    }
  });

  it('has as many users and the size that were asked for', async () => {
    const seen = layoutChange(await changed('layout: { mixedVideoLayout: bestFit }\n', ''), {
      users: 17,
      size: { width: 720, height: 1280 },
    });
    expect(seen?.before).toMatchObject({ users: 17, size: { width: 720 } });
    expect(seen?.after.boxes).toHaveLength(17);
  });
});

describe('in the terminal', () => {
  it('before and after stand below the rows, within the width, and say what their signs mean', async () => {
    const plan = await change({ a: TWO }, { a: MOVED });
    for (const columns of [60, 80, 100, 200]) {
      const text = planText(plan, styleFor(false), columns, (recording, room) =>
        changeLines(recording, VIEW, room),
      );
      expect(text).toMatch(
        /layoutConfig\[uid 2\][^\n]*\n {6}before: custom +after: custom\n {6}╔═+╗ {3}╔═+╗\n/,
      );
      expect(text).toMatch(/> uid 2[\s\S]*\n {6}> moved\n\nPlan: /);
      const drawn = text.split('\n').filter((line) => /[╔║╚]/.test(line));
      for (const line of drawn) expect([...line].length).toBeLessThanOrEqual(Math.min(columns, 100));
    }
  });

  it('nothing is drawn unless it is asked for', async () => {
    const plan = await change({ a: TWO }, { a: MOVED });
    expect(planText(plan, styleFor(false), 80)).not.toContain('╔');
  });
});

describe('files', () => {
  it('have names that any disk takes, no two alike', async () => {
    const names = ['town-hall', 'Town-Hall', '../../etc/passwd', '<b>"&', 'a b', 'a/b', '...', 'émigré'];
    const plan = await change({}, Object.fromEntries(names.map((name) => [name, TWO])));
    const files = pictureFiles(plan, VIEW);
    expect(files.map(({ recording: { name } }) => name).sort()).toEqual([...names].sort());
    expect(new Set(files.map(({ file }) => file.toLowerCase())).size).toBe(names.length);
    for (const { file } of files) expect(file).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.svg$/);
    for (const { svg } of files) expect(svg).not.toContain('<b>');
  });

  it('are linked from the fold of their recording, with the change in words', async () => {
    const plan = await change({ 'a](x) <b>': TWO, same: TWO }, { 'a](x) <b>': MOVED, same: TWO });
    const files = pictureFiles(plan, VIEW);
    const markdown = planMarkdown(plan, linkedPictures(files, 'pictures'));
    expect(files.map(({ file }) => file)).toEqual(['a-x-b-.svg']);
    expect(markdown).toContain(
      '\n![Layout of a\\]\\(x\\) &lt;b&gt;, before and after. uid 2 moved from 0.5, 0 to 0.5, 0.5.](pictures/a-x-b-.svg)\n\n</details>',
    );
  });
});

describe('in markdown without files', () => {
  it('pictures are drawn with characters', async () => {
    const plan = await change({ a: TWO }, { a: MOVED });
    const markdown = planMarkdown(plan, drawnPictures(plan, VIEW));
    expect(markdown).toMatch(
      /\n\n```text\nbefore: custom +after: custom\n╔[\s\S]*\n> moved\n```\n\n<\/details>\n$/,
    );
  });

  it('no more of them than a comment has room for, and it says so', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `r${index}`);
    const blocks = (block: string) => Object.fromEntries(names.map((name) => [name, block]));
    const plan = await change(blocks(TWO), blocks(MOVED));
    const pictures = [...drawnPictures(plan, VIEW).values()];
    expect(pictures).toHaveLength(60);
    expect(pictures[0]).toContain('```text');
    expect(pictures.at(-1)).toMatch(/^Not drawn/);
    expect(pictures.filter((each) => each.startsWith('```')).join('').length).toBeLessThan(24_000);
  });
});
