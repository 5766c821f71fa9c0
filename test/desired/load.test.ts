import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { MAX_FILE_BYTES } from '../../src/desired/decode.ts';
import { loadRecordings } from '../../src/desired/load.ts';
import type { DesiredSet } from '../../src/model/recording.ts';
import { Vault } from '../../src/secrets/vault.ts';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'reelstate-load-'));
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

function put(path: string, content: string | Uint8Array = recording(path)): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), content);
}

function recording(sid: string): string {
  return stringify({ recording: { appId: 'a', cname: 'c', uid: 1, resourceId: 'r', sid } });
}

function link(target: string, path: string): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  symlinkSync(target, join(cwd, path));
}

async function load(dir = 'recordings') {
  const set = await loadRecordings({ dir, cwd, env: {}, vault: new Vault(new Uint8Array(32)) });
  return { ...set, codes: set.diagnostics.map(({ code, range }) => [code, range.filename]) };
}

/** In a process of its own, as nobody where the tests run as root: root may read everything. */
async function loadUnprivileged(): Promise<DesiredSet> {
  const program = `
    import { loadRecordings } from ${JSON.stringify(new URL('../../src/desired/load.ts', import.meta.url).pathname)};
    import { Vault } from ${JSON.stringify(new URL('../../src/secrets/vault.ts', import.meta.url).pathname)};
    const vault = new Vault(new Uint8Array(32));
    process.stdout.write(JSON.stringify(await loadRecordings({ dir: 'recordings', cwd: process.cwd(), env: {}, vault })));`;
  const input = 'program';
  const inline = {
    name: 'inline',
    resolveId: (id: string) => (id === input ? id : undefined),
    load: (id: string) => (id === input ? program : undefined),
  };
  const { output } = await build({
    input,
    plugins: [inline],
    platform: 'node',
    output: { codeSplitting: false },
    write: false,
  });
  chmodSync(cwd, 0o755);
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const options = { cwd, input: output[0].code, encoding: 'utf8', ...identity } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-'], options));
}

test('finds files by their endings in every folder, in order, and passes over names with a dot', async () => {
  for (const path of [
    'b.yaml',
    'a/z.yml',
    'a/y/x.YAML',
    '.hidden.yaml',
    '.git/c.yaml',
    'notes.txt',
    'd.yaml~',
  ])
    put(`recordings/${path}`);
  const set = await load();
  expect(set.recordings.map(({ file }) => file)).toEqual([
    'recordings/a/y/x.YAML',
    'recordings/a/z.yml',
    'recordings/b.yaml',
  ]);
  expect([set.files, set.codes, set.broken]).toEqual([3, [], []]);
});

test('more files than are read at once keep their order', async () => {
  const names = Array.from(
    { length: 100 },
    (_, index) => `recordings/r${String(index).padStart(3, '0')}.yaml`,
  );
  for (const name of names) put(name);
  expect((await load()).recordings.map(({ file }) => file)).toEqual(names);
});

test('files outside the working directory are called by their path', async () => {
  put('recordings/a.yaml');
  mkdirSync(join(cwd, 'deep/er/working/directory'), { recursive: true });
  const vault = new Vault(new Uint8Array(32));
  const from = (folder: string, dir: string) =>
    loadRecordings({ dir, cwd: join(cwd, folder), env: {}, vault });
  expect((await from('deep', '../recordings')).recordings[0]?.file).toBe('../recordings/a.yaml');
  expect((await from('.', join(cwd, 'recordings'))).recordings[0]?.file).toBe('recordings/a.yaml');
});

describe('a folder that is not there', () => {
  test('is an error, and counts as broken', async () => {
    const set = await load();
    expect([set.codes, set.broken, set.files]).toEqual([
      [['directory-not-found', 'recordings']],
      ['recordings'],
      0,
    ]);
  });

  test('nor is a file a folder', async () => {
    put('recordings');
    expect((await load()).codes).toEqual([['directory-not-found', 'recordings']]);
  });

  test('an empty folder is no error here, but told', async () => {
    mkdirSync(join(cwd, 'recordings'));
    expect(await load()).toMatchObject({ recordings: [], broken: [], files: 0 });
    expect((await load()).diagnostics).toMatchObject([
      { severity: 'warning', code: 'no-recording-files', summary: 'no recording files in "recordings"' },
    ]);
  });

  test('of a folder with other files alone some are named, also of those below', async () => {
    for (const name of ['a.json', 'b.txt', '.hidden.json']) put(`recordings/${name}`);
    const [one] = (await load()).diagnostics;
    expect(one?.summary).toBe(
      'no recording files in "recordings"; 2 files with other endings are not read (a.json, b.txt)',
    );
    for (const name of ['c.yml.bak', 'below/d.json']) put(`recordings/${name}`);
    const [more] = (await load()).diagnostics;
    expect(more?.summary).toContain(
      '; 4 files with other endings are not read (a.json, b.txt, c.yml.bak, …)',
    );
    // Links stand among the others.
    link('a.json', 'recordings/aa.json');
    link('a.json', 'recordings/z.json');
    const [linked] = (await load()).diagnostics;
    expect(linked?.summary).toContain(
      '; 6 files with other endings are not read (a.json, aa.json, b.txt, …)',
    );
    put('recordings/below/e.yaml');
    expect((await load()).diagnostics).toEqual([]);
  });
});

describe('links', () => {
  test('to files and folders are followed', async () => {
    put('elsewhere/a.yaml');
    put('elsewhere/folder/b.yaml');
    link('../elsewhere/a.yaml', 'recordings/a.yaml');
    link('../elsewhere/folder', 'recordings/folder');
    expect((await load()).recordings.map(({ file }) => file)).toEqual([
      'recordings/a.yaml',
      'recordings/folder/b.yaml',
    ]);
  });

  test('in a circle end, and a folder is entered once, without a link where that is possible', async () => {
    put('recordings/z/a.yaml');
    link('..', 'recordings/z/up');
    link('z', 'recordings/a-link');
    expect((await load()).recordings.map(({ file }) => file)).toEqual(['recordings/z/a.yaml']);
  });

  test('that lead nowhere are errors, and broken', async () => {
    put('recordings/a.yaml');
    link('gone.yaml', 'recordings/b.yaml');
    link('c', 'recordings/c');
    const set = await load();
    expect(set.codes).toEqual([
      ['dangling-link', 'recordings/b.yaml'],
      ['dangling-link', 'recordings/c'],
    ]);
    expect([set.broken, set.files]).toEqual([['recordings/b.yaml', 'recordings/c'], 2]);
    expect(set.recordings).toHaveLength(1);
  });
});

describe('what cannot be read', () => {
  test('a named pipe does not make anybody wait', async () => {
    mkdirSync(join(cwd, 'recordings'));
    execFileSync('mkfifo', [join(cwd, 'recordings/a.yaml')]);
    const set = await load();
    expect([set.codes, set.broken]).toEqual([
      [['file-unreadable', 'recordings/a.yaml']],
      ['recordings/a.yaml'],
    ]);
  });

  test('a file over 1 MiB is not read', async () => {
    put('recordings/a.yaml', new Uint8Array(MAX_FILE_BYTES + 1).fill(0x23));
    put('recordings/b.yaml', new Uint8Array(MAX_FILE_BYTES).fill(0x23));
    expect((await load()).codes).toEqual([['file-too-large', 'recordings/a.yaml']]);
  });

  test('files and folders without permission', async () => {
    for (const path of ['a.yaml', 'folder/b.yaml', 'c.yaml']) put(`recordings/${path}`);
    chmodSync(join(cwd, 'recordings/a.yaml'), 0);
    chmodSync(join(cwd, 'recordings/folder'), 0);
    try {
      const set = await loadUnprivileged();
      expect(set.diagnostics.map(({ code, range }) => [code, range.filename])).toEqual([
        ['file-unreadable', 'recordings/a.yaml'],
        ['directory-unreadable', 'recordings/folder'],
      ]);
      expect(set.broken).toEqual(['recordings/a.yaml', 'recordings/folder']);
      expect(set.recordings.map(({ name }) => name)).toEqual(['c']);
    } finally {
      chmodSync(join(cwd, 'recordings/folder'), 0o700);
    }
  });

  test('a folder behind a part that is none', async () => {
    put('recordings');
    const set = await load('recordings/below');
    expect([set.codes, set.broken]).toEqual([
      [['directory-unreadable', 'recordings/below']],
      ['recordings/below'],
    ]);
  });
});

test('a file with an error is broken, one with a warning is not', async () => {
  put('recordings/a.yaml', `${recording('1')}suspnd: true\n`);
  put('recordings/b.yaml', `${recording('2')}layout: { mixedVideoLayout: vertical }\n`);
  const set = await load();
  expect(set.broken).toEqual(['recordings/a.yaml']);
  expect(set.recordings.map(({ name }) => name)).toEqual(['b']);
  expect(set.files).toBe(2);
});
