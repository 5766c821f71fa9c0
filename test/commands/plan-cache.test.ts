import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { plan } from '../../src/commands/plan.ts';
import { validate } from '../../src/commands/validate.ts';
import { loadRecordings } from '../../src/desired/load.ts';
import type { Io } from '../../src/model/ports.ts';
import type { DesiredRecording } from '../../src/model/recording.ts';
import { planRecording } from '../../src/plan/plan.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { NoopCache, ReadCacheFile } from '../../src/sources/read-cache-file.ts';
import { commit, GIT_ENV, git } from '../sources/git-support.ts';
import { folder, put } from '../support/cli.ts';
import { open, read } from '../support/states.ts';

/*
 * What is kept between runs changes nothing but the time they take.
 */

const ROOMS = 110;
const AT = Date.parse('2026-01-02T03:04:05.000Z');

const room = (index: number, color = '#FF0000', more = '') => `name: room-${index}
recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: channel-${index}
  uid: 527841
  resourceId: JyvK8nXHuV1BE64GDkAa
  sid: sid-${index}
layout:
  backgroundColor: "${color}"
${more}`;

let cwd = '';
let cache = '';

async function run(command: typeof plan | typeof validate, raw: Record<string, unknown>): Promise<string> {
  let said = '';
  const say = async (text: string) => {
    said += text;
  };
  const io = {
    out: say,
    err: say,
    env: { ...GIT_ENV, XDG_CACHE_HOME: cache },
    cwd,
    clock: { now: () => AT },
    columns: 80,
  } as unknown as Io;
  const options = { output: 'json', ...raw };
  const code = await (command === plan ? plan([], options, io) : validate(options, io));
  return `${code}\n${said}`;
}

/** Runs with and without what is kept, and once more with what the first run has kept. */
async function agree(raw: Record<string, unknown> = {}): Promise<string> {
  const plain = await run(plan, { ...raw, cache: false });
  expect(await run(plan, raw)).toBe(plain);
  expect(await run(plan, raw)).toBe(plain);
  expect(await run(validate, {})).toBe(await run(validate, { cache: false }));
  return plain;
}

/** Writes down what is planned as if it had been applied. */
async function apply(): Promise<void> {
  const planned = JSON.parse((await run(plan, { cache: false })).replace(/^\d+\n/, ''));
  const store = await open(join(cwd, '.reelstate'), { now: () => AT });
  for (const { name, file, sid, calls, mode } of planned.recordings)
    for (const { endpoint, reason, body } of calls) {
      const identity = {
        appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
        ...{ cname: body.cname, uid: body.uid, resourceId: 'JyvK8nXHuV1BE64GDkAa', sid, mode },
      };
      const key = `${identity.appId}/${identity.resourceId}/${sid}`;
      const of = await store.append({
        event: 'intent',
        ...{ key, name, file, identity, endpoint, reason, request: body.clientRequest },
      });
      await store.append({ event: 'answer', key, endpoint, of, outcome: 'applied', status: 200 });
    }
  await store.close();
}

const sha256 = (text: string, form: 'hex' | 'base64') => createHash('sha256').update(text).digest(form);

const cacheFiles = async () =>
  (await readdir(join(cache, 'reelstate')).catch(() => [])).map((name) => join(cache, 'reelstate', name));

beforeEach(async () => {
  cwd = await folder();
  cache = join(cwd, 'cache');
  await put(
    cwd,
    Object.fromEntries(Array.from({ length: ROOMS }, (_, i) => [`recordings/room-${i}.yaml`, room(i)])),
  );
});

test('nothing changed is nothing to do, and is kept outside the checkout, for its owner alone', async () => {
  await apply();
  const before = await readdir(cwd, { recursive: true });
  expect(await agree()).toContain(`"unchanged": ${ROOMS}`);
  const after = await readdir(cwd, { recursive: true });
  expect(after.filter((name) => !before.includes(name) && !name.startsWith('cache'))).toEqual([]);
  const [path, second] = await cacheFiles();
  expect(second).toBeUndefined();
  expect(await readFile(path as string, 'utf8')).not.toContain('backgroundColor');
});

test('of few recordings, too, and of those whose calls stand in the journal', async () => {
  await rm(join(cwd, 'recordings'), { recursive: true });
  await put(cwd, { 'recordings/a.yaml': room(1), 'recordings/b.yaml': room(2) });
  await apply();
  await agree();
  const [path] = (await cacheFiles()) as [string];
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(1);
  // Name, content, and what was known when both were the same.
  expect(lines.map((line) => line.split('\t').slice(0, 3).every(Boolean))).toEqual([true, true]);
});

test('of a commit nothing is read that is settled', async () => {
  git(cwd, ['init', '--quiet', '-b', 'main']);
  await writeFile(join(cwd, '.gitignore'), 'cache\n.reelstate\n');
  commit(cwd, 'The first commit');
  await apply();
  expect(await agree({ git: true })).toContain(`"unchanged": ${ROOMS}`);
  await put(cwd, { 'recordings/room-8.yaml': room(8, '#0000FF') });
  commit(cwd, 'Another colour');
  // The object of another file is gone, and nobody misses it.
  const oid = git(cwd, ['rev-parse', 'HEAD:recordings/room-7.yaml']);
  await rm(join(cwd, '.git/objects', oid.slice(0, 2), oid.slice(2)), { force: true });
  expect(await run(plan, { git: true })).toContain('"to_update": 1');
  expect(await run(plan, { git: true, cache: false })).toContain(`lacks the object ${oid}`);
});

test('a plan of what a file held before settles nothing of what it holds now', async () => {
  await apply();
  const { state } = await read(join(cwd, '.reelstate'));
  const place = new ReadCacheFile({ dir: 'recordings', cwd, env: {} });
  const noopCache = new NoopCache(place, state.known);
  const vault = new Vault(new Uint8Array(32));
  const load = async () => {
    const { readCache } = place;
    const { recordings } = await loadRecordings({ dir: 'recordings', cwd, env: {}, vault, readCache });
    return recordings.find(({ name }) => name === 'room-0') as DesiredRecording;
  };
  const before = await load();
  await put(cwd, { 'recordings/room-0.yaml': room(0, '#0000FF') });
  const now = await load();
  // As when an answer comes while the file is being read anew.
  noopCache.remember(planRecording(before, state.known, [], { now: AT }));
  expect(noopCache.isNoop(now)).toBe(false);
  expect(planRecording(now, state.known, [], { now: AT, ...noopCache }).action).toBe('update');
});

test('--no-cache keeps nothing', async () => {
  await run(plan, { cache: false });
  expect(await cacheFiles()).toEqual([]);
});

test('of a settled recording everything can still be asked', async () => {
  await apply();
  await agree();
  expect(await agree({ resync: true })).toContain('"reason": "resync"');
});

test('whatever is edited and applied in between, the plan is the same as without a cache', async () => {
  const step = fc.oneof(
    fc.record({
      what: fc.constant('edit'),
      room: fc.nat(ROOMS),
      color: fc.constantFrom('#FF0000', '#00FF00', 'oops'),
    }),
    fc.record({ what: fc.constant('delete'), room: fc.nat(ROOMS), color: fc.constant('') }),
    fc.record({ what: fc.constant('copy'), room: fc.nat(ROOMS), color: fc.constant('') }),
    fc.record({ what: fc.constant('suspend'), room: fc.nat(ROOMS), color: fc.constant('#FF0000') }),
    fc.record({ what: fc.constant('apply'), room: fc.constant(0), color: fc.constant('') }),
    fc.record({ what: fc.constant('commit'), room: fc.constant(0), color: fc.constant('') }),
    fc.record({ what: fc.constant('doubt'), room: fc.nat(ROOMS), color: fc.constant('') }),
  );
  git(cwd, ['init', '--quiet', '-b', 'main']);
  await writeFile(join(cwd, '.gitignore'), 'cache\n.reelstate\n');
  commit(cwd, 'The first commit');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      for (const { what, room: index, color } of steps) {
        const name = `recordings/room-${index}.yaml`;
        if (what === 'edit') await put(cwd, { [name]: room(index, color) });
        else if (what === 'suspend') await put(cwd, { [name]: room(index, color, 'suspend: true\n') });
        else if (what === 'delete') await rm(join(cwd, name), { force: true });
        else if (what === 'copy') await put(cwd, { [`recordings/copy-${index}.yaml`]: room(index) });
        else if (what === 'apply') await apply();
        else if (what === 'commit') commit(cwd, what);
        else await doubt(index);
        await agree();
        await agree({ git: true });
      }
    }),
    { numRuns: 6 },
  );
});

async function doubt(index: number): Promise<void> {
  const store = await open(join(cwd, '.reelstate'), { now: () => AT });
  const key = `0f1e2d3c4b5a69788796a5b4c3d2e1f0/JyvK8nXHuV1BE64GDkAa/sid-${index}`;
  await store.append({ event: 'doubt', key, endpoint: 'updateLayout' });
  await store.close();
}

describe('a cache that is not what was written is as good as none', () => {
  /** A whole and well-formed cache that says, wrongly, that the first room is as its file says. */
  async function lie(): Promise<{ path: string; text: string }> {
    await apply();
    await put(cwd, { 'recordings/room-0.yaml': room(0, '#0000FF') });
    await agree();
    const [path] = (await cacheFiles()) as [string];
    const [header = '', ...lines] = (await readFile(path, 'utf8')).split('\n');
    const { state } = await read(join(cwd, '.reelstate'));
    const known = state.known.head('0f1e2d3c4b5a69788796a5b4c3d2e1f0/JyvK8nXHuV1BE64GDkAa/sid-0');
    const lying = lines.map((line) => {
      const parts = line.split('\t');
      if (parts[0] === 'recordings/room-0.yaml') parts[2] = known?.digest ?? '';
      return parts.join('\t');
    });
    const body = lying.join('\n');
    const text = `${header.replace(/\S+$/, sha256(body, 'hex'))}\n${body}`;
    await writeFile(path, text);
    return { path, text };
  }

  test('while one that cannot be told from it is believed', async () => {
    await lie();
    expect(await run(plan, {})).not.toContain('#0000FF');
  });

  test.each<[string, (path: string, text: string) => Promise<unknown>]>([
    ['torn', (path, text) => writeFile(path, text.slice(0, -1))],
    ['empty', (path) => writeFile(path, '')],
    ['garbage', (path) => writeFile(path, Buffer.from([0xff, 0x00, 0x0a, 0xfe]))],
    ['of another version', (path, text) => writeFile(path, text.replace('outlines ', 'outlines 9'))],
    ['of another build', (path, text) => writeFile(path, text.replace(/ (\d+) (\w+)\n/, ' 9$1 $2\n'))],
    ['with a byte changed', (path, text) => writeFile(path, text.replace('channel-7', 'channel-8'))],
    ['with a line more', (path, text) => writeFile(path, `${text}${text.split('\n')[1]}\n`)],
    ['gone', (path) => rm(path)],
    ['open to others', (path) => chmod(path, 0o666)],
    [
      'a folder',
      async (path) => {
        await rm(path);
        await mkdir(path);
      },
    ],
    [
      'a link',
      async (path, text) => {
        await writeFile(`${path}.elsewhere`, text, { mode: 0o600 });
        await rm(path);
        await symlink(`${path}.elsewhere`, path);
      },
    ],
  ])('%s', async (_how, spoil) => {
    const { path, text } = await lie();
    await spoil(path, text);
    expect(await agree()).toContain('#0000FF');
  });

  test('nowhere to keep one', async () => {
    await writeFile(cache, 'a file in the place of the folder');
    expect(await agree()).toContain('"create"');
  });
});
