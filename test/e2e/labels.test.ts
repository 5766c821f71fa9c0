import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commit, git, repository } from '../sources/git-support.ts';
import { folder, put, recording, run, simulator } from '../support/cli.ts';
import { watching } from '../support/watching.ts';

/*
 * Labels of recordings, and what --select chooses by them, through the built command.
 */

const RED = 'layout: { backgroundColor: "#FF0000" }\n';
const BLUE = 'layout: { backgroundColor: "#0000FF" }\n';

/** Two recordings of the evening, one of the morning, one without labels. */
const files = (blocks: string, more = '') => ({
  'recordings/a.yaml': `labels: { show: evening, room: "1" }\n${recording('a', blocks)}`,
  'recordings/b.yaml': `labels: { show: evening, room: "2" }\n${recording('b', blocks)}${more}`,
  'recordings/c.yaml': `labels: { show: morning }\n${recording('c', blocks)}`,
  'recordings/d.yaml': recording('d', blocks),
});

async function planned(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const ran = await run(['plan', '--json', ...args], { cwd, env });
  expect(ran.code, ran.stderr).toBe(0);
  const { recordings, summary } = JSON.parse(ran.stdout);
  return {
    names: recordings.map(({ name }: { name: string }) => name).join(' '),
    summary,
    stderr: ran.stderr,
  };
}

it('restricts a plan, together with names, and counts as with names', async () => {
  const cwd = await folder(files(RED));
  const chosen = async (...args: string[]) => (await planned(cwd, args)).names;
  expect(await chosen('--select', 'show=evening')).toBe('a b');
  expect(await chosen('--select', 'show=evening', '--select', 'room=2')).toBe('b');
  expect(await chosen('--select', 'show!=evening')).toBe('c d');
  expect(await chosen('--select', 'show!=evening', '--select', 'show!=morning')).toBe('d');
  expect(await chosen('a', 'c', '--select', 'show=evening')).toBe('a');
  expect((await planned(cwd, [], { REELSTATE_SELECT: 'show=evening, room!=1' })).names).toBe('b');
  expect((await planned(cwd, ['--select', 'show=evening'])).summary).toEqual(
    (await planned(cwd, ['a', 'b'])).summary,
  );
  expect((await planned(cwd, ['--select', 'show=evening'])).stderr).toBe('');
});

it('says that nothing is selected, which is no mistake', async () => {
  const cwd = await folder(files(RED));
  for (const command of ['plan', 'apply', 'status', 'preview']) {
    const none = await run([command, '--select', 'show=night', '--select', 'room!=1'], { cwd });
    expect(none, command).toMatchObject({ code: 0 });
    expect(none.stderr, command).toBe(
      'No recording is selected by --select show=night --select room!=1: reelstate status shows the labels.\n',
    );
  }
  const json = await run(['plan', '--json', '--select', 'show=night'], { cwd });
  expect(JSON.parse(json.stdout)).toMatchObject({ recordings: [], summary: { recordings: 0 } });
  // A name that nothing has stays a mistake of the command line.
  expect((await run(['plan', 'nothing', '--select', 'show=evening'], { cwd })).code).toBe(64);
});

it.each([
  ['show', 'KEY and VALUE are a label of recording files: labels: { KEY: VALUE }.'],
  ['show==evening', 'One = is enough: --select show=evening'],
  ['show=evening,room=1', 'Give --select once for each condition: all of them must hold.'],
  ['show=', 'Keys and values of labels are 1 to 63 letters, digits, -, _ and . each.'],
  ['=evening', 'Keys and values of labels are 1 to 63 letters, digits, -, _ and . each.'],
  ['!show=evening', 'Keys and values of labels are 1 to 63 letters, digits, -, _ and . each.'],
  ['show=the evening', 'Keys and values of labels are 1 to 63 letters, digits, -, _ and . each.'],
])('refuses --select %s with the way out', async (text, way) => {
  const cwd = await folder(files(RED));
  for (const command of ['plan', 'apply', 'status', 'preview'])
    expect(await run([command, '--select', text], { cwd })).toMatchObject({
      code: 64,
      stdout: '',
      stderr: `reelstate: --select ${JSON.stringify(text)}: must be KEY=VALUE or KEY!=VALUE\n  ${way}\n`,
    });
  const other = await run(['plan'], { cwd, env: { REELSTATE_SELECT: `show=evening,${text}` } });
  if (!text.includes(',')) expect(other.code).toBe(64);
});

it('sends what is selected alone, and forgets nothing that is not', async () => {
  const cwd = await folder(files(RED));
  const service = await simulator(cwd);
  const apply = (...args: string[]) => run(['apply', '--endpoint', service.url, ...args], { cwd });
  expect((await apply()).code).toBe(0);
  await put(cwd, files(BLUE));
  const before = (await service.requests()).length;
  expect(await apply('--select', 'show=evening')).toMatchObject({ code: 0 });
  expect((await service.requests()).slice(before).map(({ sid }) => sid)).toEqual(['sid-a', 'sid-b']);
  // c and d still differ, and are known.
  expect((await planned(cwd, [])).summary).toMatchObject({ to_update: 2, unchanged: 2, to_forget: 0 });
  // Without its file a recording has no labels: it is not among those of the evening.
  await run(['apply', '--endpoint', service.url], { cwd });
  await rm(join(cwd, 'recordings/a.yaml'));
  expect((await planned(cwd, ['--select', 'show=evening'])).summary).toMatchObject({
    recordings: 1,
    to_forget: 0,
  });
  expect((await planned(cwd, ['--select', 'show!=evening'])).summary).toMatchObject({ to_forget: 1 });
  await service.stop();
});

it('makes no call for labels, and knows them of files that it has read before', async () => {
  const cwd = await folder(files(RED));
  const env = { XDG_CACHE_HOME: join(cwd, 'cache') };
  const service = await simulator(cwd);
  expect((await run(['apply', '--endpoint', service.url], { cwd, env })).code).toBe(0);
  for (const _ of ['read', 'recalled'])
    expect(await planned(cwd, ['--select', 'show=evening', '--select', 'room=1'], env)).toMatchObject({
      names: 'a',
      summary: { unchanged: 1 },
    });
  expect(existsSync(env.XDG_CACHE_HOME)).toBe(true);
  await put(cwd, { 'recordings/a.yaml': `labels: { show: noon }\n${recording('a', RED)}` });
  const before = (await service.requests()).length;
  expect(await planned(cwd, ['--select', 'show=noon'], env)).toMatchObject({
    names: 'a',
    summary: { unchanged: 1 },
  });
  expect((await run(['apply', '--endpoint', service.url], { cwd, env })).code).toBe(0);
  expect((await service.requests()).length).toBe(before);
  await service.stop();
});

it('keeps the selection in a saved plan', async () => {
  const cwd = await folder(files(RED));
  const service = await simulator(cwd);
  await planned(cwd, ['--select', 'show=evening', '--out', 'plan.json']);
  expect(JSON.parse(readFileSync(join(cwd, 'plan.json'), 'utf8')).asked.select).toEqual(['show=evening']);
  const again = await run(['apply', 'plan.json', '--select', 'show=morning'], { cwd });
  expect(again).toMatchObject({ code: 64 });
  expect(again.stderr).toContain('what it is about was said when it was made (--select)');
  const sent = await run(['apply', 'plan.json', '--endpoint', service.url], {
    cwd,
    env: { REELSTATE_YES: '' },
  });
  expect(sent, sent.stderr).toMatchObject({ code: 0 });
  expect((await service.requests()).map(({ sid }) => sid)).toEqual(['sid-a', 'sid-b']);
  await service.stop();
});

it('shows labels in the state, and chooses by them', async () => {
  const cwd = await folder({ ...files(RED), 'recordings/d.yaml': recording('d', RED) });
  const service = await simulator(cwd);
  const status = (...args: string[]) => run(['status', ...args], { cwd });
  expect((await status()).stdout).toContain('a  New      mix         show=evening,room=1  never applied');
  await run(['apply', '--endpoint', service.url, '--select', 'show=evening'], { cwd });
  const json = JSON.parse((await status('--json')).stdout);
  const labels = (rows: { name: string; labels: object }[]) =>
    Object.fromEntries(rows.map((row) => [row.name, row.labels]));
  expect(labels(json.recordings)).toEqual({
    a: { show: 'evening', room: '1' },
    b: { show: 'evening', room: '2' },
  });
  expect(labels(json.never_applied)).toEqual({ c: { show: 'morning' }, d: {} });
  const text = (await status('--select', 'room!=1')).stdout;
  expect(text).toMatch(/^b +Ready +mix +show=evening,room=2 +applied/m);
  expect(text).not.toMatch(/^a /m);
  expect(text).toMatch(/^d {2}New {6}mix {30}never applied/m);
  expect((await status('--output', 'markdown', 'a')).stdout).toContain(
    '| recording | condition | mode | labels | blocks | pending |',
  );
  // Without any label there is no column.
  expect((await status('d')).stdout).toMatch(/^d {2}New {6}mix {9}never applied/m);
  await service.stop();
});

it('asks a daemon for labels', async () => {
  const cwd = await folder(files(RED));
  const w = await watching(cwd);
  await w.condition('c', 'Ready');
  const status = (...args: string[]) => run(['status', '--daemon', w.url, ...args], { cwd });
  const { recordings } = JSON.parse((await status('--json', '--select', 'show=evening')).stdout);
  expect(recordings.map((one: { name: string; labels: object }) => [one.name, one.labels])).toEqual([
    ['a', { show: 'evening', room: '1' }],
    ['b', { show: 'evening', room: '2' }],
  ]);
  expect((await status('--select', 'show=morning')).stdout).toMatch(/^c .* show=morning +layout/m);
  expect((await status('--select', 'show=night')).stderr).toContain('No recording is selected');
  await w.stop();
});

it('draws what is selected, also by name, by file and of a file with an error', async () => {
  const cwd = await folder(files(RED, 'colour: red\n'));
  const drawn = async (code: number, ...args: string[]) => {
    const ran = await run(['preview', '--json', ...args], { cwd });
    expect(ran.code, ran.stderr).toBe(code);
    return JSON.parse(ran.stdout).recordings.map(({ name }: { name: string }) => name);
  };
  expect(await drawn(1, '--select', 'show=evening')).toEqual(['a', 'b']);
  expect(await drawn(0, 'a', 'c', '--select', 'show=evening')).toEqual(['a']);
  expect(await drawn(0, 'recordings/a.yaml', 'recordings/c.yaml', '--select', 'show=morning')).toEqual(['c']);
  const none = await run(['preview', 'a', '--select', 'show=night'], { cwd });
  expect(none).toMatchObject({ code: 0, stdout: '' });
});

it('chooses from commits: by what the newer one says, and of what is gone by what the older one did', async () => {
  const cwd = await repository(files(RED));
  await put(cwd, {
    ...files(BLUE),
    'recordings/c.yaml': `labels: { show: evening }\n${recording('c', BLUE)}`,
  });
  git(cwd, ['rm', '--quiet', '-f', 'recordings/b.yaml']);
  commit(cwd, 'Blue, and c in the evening');
  // The working tree says something else.
  await put(cwd, { 'recordings/d.yaml': `labels: { show: evening }\n${recording('d', BLUE)}` });
  expect((await planned(cwd, ['--git', '--select', 'show=evening'])).names).toBe('a c');
  const compared = await planned(cwd, ['--from', 'HEAD^', '--to', 'HEAD', '--select', 'show=evening']);
  expect(compared.names).toBe('a c b');
  expect(compared.summary).toMatchObject({ to_update: 2, to_forget: 1 });
  const none = await run(['plan', '--from', 'HEAD^', '--select', 'show=night'], { cwd });
  expect(none.code).toBe(0);
  expect(none.stderr).toContain('No recording is selected by --select show=night');
});
