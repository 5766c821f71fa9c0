import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Assembly } from '../../src/desired/assemble.ts';
import { readRecordingFile } from '../../src/desired/read.ts';
import { resolveFile } from '../../src/desired/resolve.ts';
import type { FileBytes } from '../../src/desired/surroundings.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { assemble } from '../support/assemble.ts';

const IDENTITY = { appId: 'a', cname: 'hall', uid: '527841', resourceId: 'r', sid: 's' };

interface World {
  env?: Record<string, string>;
  files?: Record<string, string | Uint8Array | { error: string }>;
  now?: number;
}

async function resolve(document: object, { env = {}, files = {}, now }: World = {}) {
  const vault = new Vault(new Uint8Array(32));
  const asked: string[] = [];
  const readFile = async (path: string): Promise<FileBytes> => {
    asked.push(path);
    const found = files[path];
    return typeof found === 'string' ? new TextEncoder().encode(found) : (found ?? 'missing');
  };
  const checked = readRecordingFile(new TextEncoder().encode(stringify(document)), 'recordings/hall.yaml');
  const resolved = await resolveFile(checked, { cwd: '/desk', env, readFile, vault, now });
  return { ...resolved, recording: resolved.documents[0]?.recording, vault, asked };
}

const STORAGE = {
  vendor: 's3',
  region: 'US_EAST_1',
  bucket: 'b',
  accessKey: 'AKIA',
  secretKey: { fromEnv: 'SECRET' },
};

describe('secrets', () => {
  test('are sealed with where they come from; the values are in the vault only', async () => {
    const storage = { ...STORAGE, stsToken: { fromFile: '../secrets/sts' }, stsExpiration: 2_000_000_000 };
    const world = { env: { SECRET: 'from-env' }, files: { '/desk/secrets/sts': 'from-file\n' } };
    const { recording, vault } = await resolve({ recording: IDENTITY, storage }, world);
    const { accessKey, secretKey, stsToken } = recording?.blocks().storage ?? {};
    expect(
      [accessKey, secretKey, stsToken].map(
        (sealed) => sealed && [vault.reveal(sealed), sealed.reference, sealed.shown],
      ),
    ).toEqual([
      ['AKIA', 'literal', '(sensitive)'],
      ['from-env', 'env:SECRET', '(sensitive)'],
      ['from-file', 'file:../secrets/sts', '(sensitive)'],
    ]);
    expect(JSON.stringify(recording)).not.toMatch(/AKIA|from-env|from-file/);
    expect(recording?.unresolved).toEqual([]);
  });

  test('line ends at the end of a file and of a variable are dropped alike', async () => {
    const storage = { ...STORAGE, accessKey: { fromFile: 'k' }, secretKey: { fromEnv: 'SECRET' } };
    const document = { recording: IDENTITY, storage };
    for (const [content, value] of [
      ['x\r\n', 'x'],
      ['x\n\r\n', 'x'],
      ['x', 'x'],
    ] as const) {
      const { recording, vault } = await resolve(document, {
        files: { '/desk/recordings/k': content },
        env: { SECRET: content },
      });
      const { accessKey, secretKey } = recording?.blocks().storage ?? {};
      expect([accessKey, secretKey].map((each) => each && vault.reveal(each))).toEqual([value, value]);
    }
  });

  test.each([
    ['a tab at its beginning', '\tx'],
    ['a space at its end', 'x \n'],
    ['a line end in it', 'x\ny'],
    ['a NUL at its end', 'x\0'],
    ['a byte order mark in it', 'x\ufeffy'],
    ['the character U+200E in it', 'x\u200ey'],
  ])('%s is named, and not the value', async (what, value) => {
    const { recording, diagnostics, broken } = await resolve(
      { recording: IDENTITY, storage: STORAGE },
      { env: { SECRET: value } },
    );
    expect([recording, broken]).toEqual([undefined, true]);
    expect(diagnostics).toMatchObject([
      { code: 'secret-character', severity: 'error', summary: `secretKey has ${what}` },
    ]);
  });

  test.each([
    ['unset', {}],
    ['empty', { SECRET: '' }],
  ])('an %s variable is a warning at its place and seals nothing', async (_name, env) => {
    const { recording, diagnostics, broken } = await resolve(
      { recording: IDENTITY, storage: STORAGE },
      { env },
    );
    expect({ diagnostics, broken }).toEqual({ diagnostics: [], broken: false });
    expect(recording?.blocks().storage?.secretKey).toEqual({
      sealed: null,
      reference: 'env:SECRET',
      shown: '(sensitive)',
    });
    expect(recording?.unresolved).toMatchObject([
      {
        severity: 'warning',
        code: 'environment-unset',
        range: { filename: 'recordings/hall.yaml', start: { line: 13, column: 5 } },
      },
    ]);
  });

  test.each([
    ['missing', undefined],
    ['unreadable', { error: 'no permission' }],
    ['empty', '\n'],
    ['binary', new Uint8Array([0xff])],
  ])('a %s file is a warning and seals nothing', async (_name, content) => {
    const document = { recording: IDENTITY, storage: { ...STORAGE, secretKey: { fromFile: 'k' } } };
    const { recording } = await resolve(
      document,
      content === undefined ? {} : { files: { '/desk/recordings/k': content } },
    );
    expect(recording?.blocks().storage?.secretKey?.sealed).toBeNull();
    expect(recording?.unresolved.map(({ code }) => code)).toEqual(['secret-file-unreadable']);
  });

  test('a stream key is hidden, wherever the address comes from', async () => {
    const outputs = [{ rtmpUrl: { fromEnv: 'CDN' } }];
    const world = { env: { CDN: 'rtmps://cdn.example.com/live/key?x=1' } };
    const { recording, vault } = await resolve(
      { recording: { ...IDENTITY, mode: 'web' }, rtmp: { outputs } },
      world,
    );
    const url = recording?.blocks().rtmp?.outputs[0]?.rtmpUrl;
    expect(url?.shown).toBe('rtmps://cdn.example.com/live/(sensitive)');
    expect(url && vault.reveal(url)).toBe(world.env.CDN);
  });

  test('an address that is no RTMP address is an error that does not show it', async () => {
    const document = {
      recording: { ...IDENTITY, mode: 'web' },
      rtmp: { outputs: [{ rtmpUrl: { fromEnv: 'CDN' } }] },
    };
    const { recording, diagnostics, broken } = await resolve(document, { env: { CDN: 'srt://cdn/hidden' } });
    expect([recording, broken, diagnostics.map(({ code }) => code)]).toEqual([
      undefined,
      true,
      ['rtmp-url-format'],
    ]);
    expect(JSON.stringify(diagnostics)).not.toContain('hidden');
  });

  test('a command is kept for the sender, its arguments sealed', async () => {
    const { accessKey: _a, secretKey: _s, ...rest } = STORAGE;
    const document = {
      recording: IDENTITY,
      storage: { ...rest, credentials: { fromCommand: ['get-keys', 'hidden'] } },
    };
    const { recording, vault } = await resolve(document);
    const command = recording?.blocks().storage?.credentials;
    expect(command).toMatchObject({ reference: 'command:get-keys', shown: 'get-keys' });
    expect(command && vault.reveal(command)).toBe('["get-keys","hidden"]');
    expect(recording?.unresolved).toEqual([]);
  });

  test('an expiry is looked at only where the time is known', async () => {
    const storage = { ...STORAGE, stsToken: { fromEnv: 'SECRET' }, stsExpiration: 1_000_000 };
    const codes = async (now?: number) => {
      const world: World = { env: { SECRET: 's' }, ...(now === undefined ? {} : { now }) };
      return (await resolve({ recording: IDENTITY, storage }, world)).diagnostics.map(({ code }) => code);
    };
    expect(await codes()).toEqual([]);
    expect(await codes(1_000_000 - 4 * 3600)).toEqual([]);
    expect(await codes(1_000_001 - 4 * 3600)).toEqual(['sts-expires-soon']);
  });
});

describe('recording.fromFile', () => {
  const document = { recording: { fromFile: '../run/hall.json' }, onhold: true };

  test('waits for a file that is not there', async () => {
    const { recording, diagnostics, asked } = await resolve(document);
    expect(asked).toEqual(['/desk/run/hall.json']);
    expect(diagnostics).toEqual([]);
    expect(recording).toMatchObject({ name: 'hall', waitingFor: 'run/hall.json' });
    expect(recording?.blocks()).toMatchObject({ onhold: true });
    expect(recording?.identity).toBeUndefined();
  });

  test('takes the identity from it, and checks the blocks against the mode', async () => {
    const content = (mode: string) => ({ '/desk/run/hall.json': JSON.stringify({ ...IDENTITY, mode }) });
    const { recording } = await resolve(document, { files: content('web') });
    expect(recording).toMatchObject({ identity: { ...IDENTITY, mode: 'web' } });
    expect(recording?.waitingFor).toBeUndefined();
    const wrong = await resolve(document, { files: content('mix') });
    expect([wrong.recording, wrong.broken]).toEqual([undefined, true]);
    expect(wrong.diagnostics).toMatchObject([
      { code: 'block-against-mode', range: { filename: 'recordings/hall.yaml', start: { line: 3 } } },
    ]);
  });

  test('a half written file is an error in that file, and holds the recording back', async () => {
    const { recording, broken, diagnostics } = await resolve(document, {
      files: { '/desk/run/hall.json': '{ "appId": "a",\n  "cna' },
    });
    expect([recording, broken]).toEqual([undefined, true]);
    expect(diagnostics).toMatchObject([{ code: 'yaml-syntax', range: { filename: 'run/hall.json' } }]);
  });

  test('an error in it hides no reference that leads nowhere', async () => {
    const files = { '/desk/run/hall.json': '{}' };
    const { diagnostics } = await resolve({ recording: document.recording, storage: STORAGE }, { files });
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(
      new Set(['missing-field', 'environment-unset']),
    );
  });

  test('a file that cannot be read is an error at the reference', async () => {
    const { diagnostics } = await resolve(document, {
      files: { '/desk/run/hall.json': { error: 'no permission' } },
    });
    expect(diagnostics).toMatchObject([
      { code: 'identity-file-unreadable', range: { filename: 'recordings/hall.yaml', start: { line: 2 } } },
    ]);
  });
});

describe('assemble', () => {
  const file = async (name: string, ...documents: object[]) => {
    const bytes = new TextEncoder().encode(documents.map((document) => stringify(document)).join('---\n'));
    const surroundings = {
      cwd: '/desk',
      env: {},
      readFile: async () => 'missing' as const,
      vault: new Vault(new Uint8Array(32)),
    };
    return resolveFile(readRecordingFile(bytes, name), surroundings);
  };
  const search = { diagnostics: [], broken: [], files: 0 };
  const numbered = (sid: string) => ({ ...IDENTITY, sid });

  test('the order of the files does not matter', async () => {
    const files = [
      await file(
        'b.yaml',
        { name: 'one', recording: numbered('1') },
        { name: 'two', recording: numbered('2') },
      ),
      await file('a.yaml', { recording: numbered('3') }),
      await file('c.yaml', { name: 'a', recording: numbered('4') }),
    ];
    const set = assemble(files, search);
    expect(set.recordings.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(set.broken).toEqual(['a.yaml', 'c.yaml']);
    expect(assemble([...files].reverse(), search)).toEqual(set);
  });

  test('one recording in three documents is an error in three places', async () => {
    const same = { recording: numbered('1') };
    const set = assemble(
      [await file('a.yaml', { name: 'x', ...same }, { name: 'y', ...same }), await file('b.yaml', same)],
      search,
    );
    expect(set.recordings).toEqual([]);
    expect(set.diagnostics.map(({ code, range }) => [code, range.filename, range.start.line])).toEqual([
      ['duplicate-recording', 'a.yaml', 2],
      ['duplicate-recording', 'a.yaml', 10],
      ['duplicate-recording', 'b.yaml', 1],
    ]);
  });

  test('a document that is left out claims its name and its recording all the same', async () => {
    const healthy = await file('b.yaml', { name: 'a', recording: numbered('2') });
    const nameless = await file('a.yaml', { recording: numbered('1'), nonsense: 1 });
    const places = ({ diagnostics }: { diagnostics: Diagnostic[] }) =>
      diagnostics.map(({ code, range }) => [code, range.filename, range.start.line]);
    const set = assemble([healthy, nameless], search);
    expect(places(set)).toEqual([
      ['duplicate-name', 'a.yaml', 1],
      ['unknown-field', 'a.yaml', 7],
      ['duplicate-name', 'b.yaml', 1],
    ]);
    expect([set.recordings, set.broken]).toEqual([[], ['a.yaml', 'b.yaml']]);
    const same = await file('c.yaml', { recording: { ...numbered('2'), uid: 'x' } });
    expect(places(assemble([healthy, same], search))).toEqual([
      ['duplicate-recording', 'b.yaml', 2],
      ['duplicate-recording', 'c.yaml', 1],
      ['uid-format', 'c.yaml', 4],
    ]);
  });

  test.each([
    ['what is no YAML', 'recording: ['],
    ['what has no fields', '- name: a'],
    ['an empty file', ''],
    ['a name that has no value', 'name:'],
    ['a name that may come from what is out of reach', '<<: *nowhere'],
  ])('%s claims nothing', async (_what, text) => {
    const surroundings = {
      cwd: '/desk',
      env: {},
      readFile: async () => 'missing' as const,
      vault: new Vault(new Uint8Array(32)),
    };
    const broken = await resolveFile(
      readRecordingFile(new TextEncoder().encode(text), 'a.yaml'),
      surroundings,
    );
    expect(broken.broken).toBe(true);
    const healthy = await file('b.yaml', { name: 'a', recording: numbered('2') });
    const { recordings, diagnostics } = assemble([healthy, broken], search);
    expect(recordings.map(({ name }) => name)).toEqual(['a']);
    expect(diagnostics).toHaveLength(broken.diagnostics.length);
  });

  test('a broken file that begins to claim what a healthy one claims touches that one, and so does its end', async () => {
    const assembly = new Assembly();
    assembly.put(await file('b.yaml', { name: 'a', recording: numbered('2') }));
    assembly.takeTouched();
    assembly.put(await file('a.yaml', { recording: numbered('1'), nonsense: 1 }));
    expect([...assembly.takeTouched()]).toEqual(['a']);
    expect(assembly.recording('a')).toBeUndefined();
    assembly.put(await file('a.yaml', { name: 'c', recording: numbered('1'), nonsense: 1 }));
    expect([...assembly.takeTouched()]).toEqual(['a']);
    expect(assembly.recording('a')?.identity?.sid).toBe('2');
    expect(assembly.recording('c')).toBeUndefined();
    assembly.put(await file('a.yaml', { name: 'c', recording: numbered('2'), nonsense: 1 }));
    expect([...assembly.takeTouched()]).toEqual(['a']);
    expect(assembly.recording('a')).toBeUndefined();
    assembly.remove('a.yaml');
    expect([...assembly.takeTouched()]).toEqual(['a']);
    expect(assembly.recording('a')?.identity?.sid).toBe('2');
  });

  test('a copy is said once, and whoever shares only one of the two is told of that', async () => {
    const same = { name: 'x', recording: numbered('1') };
    const files = [
      await file('a.yaml', same),
      await file('b.yaml', same),
      await file('c.yaml', { name: 'x', recording: numbered('2') }),
    ];
    const said = ({ diagnostics }: { diagnostics: Diagnostic[] }) =>
      diagnostics.map(({ code, range, summary }) => [code, range.filename, / in (\S+):/.exec(summary)?.[1]]);
    const named = [
      ['duplicate-name', 'a.yaml', 'b.yaml'],
      ['duplicate-name', 'b.yaml', 'a.yaml'],
      ['duplicate-name', 'c.yaml', 'a.yaml'],
    ];
    expect(said(assemble(files, search))).toEqual(named);
    const other = await file('d.yaml', { name: 'y', recording: numbered('1') });
    expect(said(assemble([...files, other], search))).toEqual([
      named[0],
      ['duplicate-recording', 'a.yaml', 'd.yaml'],
      named[1],
      ['duplicate-recording', 'b.yaml', 'd.yaml'],
      named[2],
      ['duplicate-recording', 'd.yaml', 'a.yaml'],
    ]);
  });

  test('the same sid of another app is another recording; waiting ones have none', async () => {
    const other = { ...numbered('1'), appId: 'other' };
    const waiting = { recording: { fromFile: 'x.json' } };
    const files = [
      await file('a.yaml', { recording: numbered('1') }),
      await file('b.yaml', { recording: other }),
      await file('c.yaml', waiting),
      await file('d.yaml', waiting),
    ];
    expect(assemble(files, search).diagnostics).toEqual([]);
  });
});
