import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../src/model/failure.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { whenTestEnds } from '../support/cli.ts';
import { identity } from '../support/engine.ts';
import { call, intent, open, read, stateFolder } from '../support/states.ts';

/*
 * A state folder: its files, its lock over processes and namespaces, and what may happen to it.
 */

let dir = '';
const database = () => join(dir, 'state.db');
beforeEach(async () => {
  dir = await stateFolder();
});

/** A process of its own that opens the state, calls once, says so, and waits. */
function holder(wrapper: string[] = []): { child: ChildProcess; said: Promise<string> } {
  const program = `
    const { openState } = require(${JSON.stringify(built())});
    openState(process.argv[1], { command: 'reelstate watch', now: Date.now, keyText: undefined }).then(
      (store) => { console.log('open ' + process.pid); setInterval(() => {}, 1000); },
      (error) => { console.log(error.message); process.exit(3); });`;
  const [file = process.execPath, ...args] = [...wrapper, process.execPath, '-e', program, dir];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  whenTestEnds(() => void child.kill('SIGKILL'));
  const said = new Promise<string>((resolve) => {
    let text = '';
    child.stdout?.on('data', (data) => {
      text += data;
      if (text.includes('\n')) resolve(text.trim());
    });
    child.on('exit', () => resolve(text.trim()));
  });
  return { child, said };
}

/** How many recordings a process of its own reads. */
function readElsewhere(): string {
  const program = `
    const { readState } = require(${JSON.stringify(built())});
    readState(process.argv[1], { command: 'x', now: Date.now, keyText: undefined }).then(async (reader) => {
      await reader.history({});
      for (const recording of reader.state.known.values()) if (!recording.key) throw new Error('no key');
      console.log(reader.state.known.size);
      await reader.close();
    });`;
  return execFileSync(process.execPath, ['-e', program, dir], { encoding: 'utf8' }).trim();
}

let module: string | undefined;
afterAll(() => {
  if (module) rmSync(module);
});
/** The state's code as one file of JavaScript. */
function built(): string {
  if (module) return module;
  const root = join(import.meta.dirname, '../..');
  const out = join(root, 'node_modules/.cache', `state-${process.pid}.cjs`);
  execFileSync(join(root, 'node_modules/.bin/rolldown'), [
    join(root, 'src/state/open.ts'),
    ...['--format', 'cjs', '--platform', 'node', '--external', 'libsql', '--file', out],
    ...['--no-code-splitting'],
  ]);
  module = out;
  return out;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill(signal);
  await ended;
}

/** Of all that is in the folder, but for what readers and writers of the database agree by: that is no part of it. */
function fingerprint(): string {
  return readdirSync(dir)
    .filter((name) => !name.endsWith('-shm'))
    .sort()
    .map((name) => {
      const { mtimeMs, size, ino } = statSync(join(dir, name));
      const sum = createHash('md5')
        .update(readFileSync(join(dir, name)))
        .digest('hex');
      return `${name} ${size} ${mtimeMs} ${ino} ${sum}`;
    })
    .join('\n');
}

describe('a state folder', () => {
  it("is its owner's alone, and kept out of git", async () => {
    const store = await open(dir);
    await call(store, 1);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0);
    await store.close();
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('*\n');
    expect(statSync(database()).mode & 0o777).toBe(0o600);
  });

  it('is not made by a reader', async () => {
    await read(dir);
    expect(existsSync(dir)).toBe(false);
  });

  it('is left as it is by a reader: beside a writer, after it, after a kill, and where it may not write', async () => {
    const { child, said } = holder();
    expect(await said).toMatch(/^open/);
    const look = (known = 0) => {
      const before = fingerprint();
      expect(readElsewhere()).toBe(String(known));
      expect(fingerprint()).toBe(before);
    };
    look();
    await kill(child);
    look();
    chmodSync(dir, 0o500);
    look();
    chmodSync(dir, 0o700);
    const store = await open(dir);
    expect(store.afterKill).toBe(true);
    await call(store, 1);
    await store.close();
    look(1);
    // A copy of the database alone is all that there is to know.
    for (const name of readdirSync(dir)) if (name !== 'state.db') rmSync(join(dir, name));
    look(1);
    chmodSync(dir, 0o500);
    look(1);
  });

  it('a reader sees one moment, whatever is written meanwhile', async () => {
    const store = await open(dir);
    await call(store, 1);
    const reader = await read(dir);
    await call(store, 1, '#000002');
    await store.append({ event: 'forget', key: recordingKey(identity(1)) });
    const seen = reader.state.known.get(recordingKey(identity(1)));
    expect(seen?.updateLayout.applied?.request.backgroundColor).toBe('#000001');
    await store.close();
  });

  describe('that is damaged is refused, and stays as it is', () => {
    const wound: [string, () => void, RegExp][] = [
      ['emptied', () => truncateSync(database(), 0), /state\.db is empty/],
      ['cut off', () => truncateSync(database(), 8192), /state\.db is damaged/],
      ['cut within a page', () => truncateSync(database(), 10_000), /state\.db is damaged/],
      ['not a database', () => writeFileSync(database(), 'x'.repeat(9_000)), /state\.db is damaged/],
      ['zeros', () => writeFileSync(database(), Buffer.alloc(20_000)), /state\.db is/],
      ['missing', () => rmSync(database()), /state\.db is missing/],
      ['a database of another program', () => foreign('create table t (a)'), /no state of reelstate/],
      ['of a newer version', () => alter('pragma user_version = 99'), /another version .*format 99/],
      ['without a table', () => alter('drop table meta'), /state\.db is damaged/],
      ['without its key', () => alter("delete from meta where name = 'key'"), /REELSTATE_STATE_KEY/],
    ];

    it.each(wound)('%s', async (_, act, message) => {
      const store = await open(dir);
      await call(store, 1);
      await store.close();
      act();
      const before = fingerprint();
      for (const opening of [() => read(dir), () => open(dir)]) {
        const failed = await opening().then(
          () => undefined,
          (error) => error,
        );
        expect(failed?.message).toMatch(message);
        expect(failed.exitCode).toBe(1);
        expect(failed.hint).toBeTruthy();
      }
      expect(fingerprint().replace(/^lock.*$/m, '')).toBe(before.replace(/^lock.*$/m, ''));
    });

    it('what is known of a recording: only that cannot be read', async () => {
      const store = await open(dir);
      await call(store, 1);
      await call(store, 2);
      await store.close();
      alter("update known set recording = replace(recording, '#000001', '#000009') where id = 1");
      const { known } = (await read(dir)).state;
      expect(() => known.get(recordingKey(identity(1)))).toThrow(
        'state.db: what is known of rec-1 is damaged',
      );
      expect(known.get(recordingKey(identity(2)))?.name).toBe('rec-2');
    });
  });

  const sqlite = (sql: string) => {
    const code = `const D = require('libsql'); const d = new D(process.argv[1]); d.exec(process.argv[2]); d.exec('pragma wal_checkpoint(truncate)'); d.close();`;
    execFileSync(process.execPath, ['-e', code, database(), sql], {
      cwd: join(import.meta.dirname, '../..'),
    });
  };
  const alter = sqlite;
  function foreign(sql: string): void {
    rmSync(database());
    sqlite(sql);
  }

  const changes: [string, () => void, string?][] = [
    ['removed', () => rmSync(dir, { recursive: true })],
    ['renamed', () => renameSync(dir, `${dir}-away`)],
    ['without its database', () => rmSync(database())],
    ['without its log', () => rmSync(`${database()}-wal`), 'state.db-wal'],
    ['without its lock', () => rmSync(join(dir, 'lock.db')), 'lock.db'],
    [
      'put back from a copy',
      () => {
        cpSync(dir, `${dir}-copy`, { recursive: true });
        rmSync(dir, { recursive: true });
        renameSync(`${dir}-copy`, dir);
      },
    ],
    ['written over in place', () => writeFileSync(database(), readFileSync(database()))],
  ];

  it.each(changes)(
    '%s under a writer: nothing leaves any more, and it says so',
    async (_, act, file = 'state.db') => {
      const store = await open(dir);
      await call(store, 1);
      await store.checkPlace();
      const leave = await store.admit('account', 'app', intent(2));
      expect(leave?.mayLeave()).toBe(true);
      act();
      expect(leave?.mayLeave()).toBe(false);
      await expect(store.checkPlace()).rejects.toThrow(`/${file} was removed or changed under this process`);
      await expect(store.broken).rejects.toThrow('was removed or changed');
      await expect(store.append(intent(3))).rejects.toThrow('was removed or changed');
      await store.close();
    },
  );

  it('a damaged lock is told as that, and no state is lost by removing it', async () => {
    const store = await open(dir);
    await call(store, 1);
    await store.close();
    const lock = join(dir, 'lock.db');
    writeFileSync(lock, 'no lock at all');
    const failed = (await open(dir).catch((error: Failure) => error)) as Failure;
    expect(failed.message).toContain(`${lock} is damaged`);
    expect(failed.hint).toMatch(/nothing that is known.*remove it/);
    expect(failed.message + failed.hint).not.toMatch(/state\.db|backup/);
    rmSync(lock);
    const again = await open(dir);
    expect(again.state.known.size).toBe(1);
    await again.close();
  });

  it('does not take its own work for a change, however long it goes on', async () => {
    const store = await open(dir);
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 400 }, (_, i) => store.append(intent(i))));
      await store.checkPlace();
    }
    await store.close();
    expect((await read(dir)).state.serial).toBe(2_400);
    expect(statSync(database()).size).toBeLessThan(8_000_000);
  });
});

describe('the one writer', () => {
  it('a second one is told who, where and since when; a kill frees the place at once', async () => {
    const { child, said } = holder();
    const [, pid] = ((await said).match(/^open (\d+)$/) ?? []) as string[];
    await expect(open(dir)).rejects.toThrow(
      new RegExp(`in use by process ${pid} on \\S+ \\(reelstate watch, since \\d{4}-`),
    );
    expect((await read(dir)).state.known.size).toBe(0);
    await kill(child);
    const store = await open(dir);
    expect(store.afterKill).toBe(true);
    await store.close();
  });

  it('in one process too there is one', async () => {
    const store = await open(dir);
    await expect(open(dir)).rejects.toThrow(`in use by process ${process.pid}`);
    await expect(store.append(intent(1))).resolves.toBe(1);
    await store.close();
    await (await open(dir)).close();
  });

  it('of many at once one gets in', async () => {
    const many = Array.from({ length: 6 }, () => holder());
    const told = await Promise.all(many.map(({ said }) => said));
    expect(told.filter((text) => text.startsWith('open'))).toHaveLength(1);
    expect(told.filter((text) => text.includes('in use by'))).toHaveLength(5);
  });

  const isolated = ['unshare', '--pid', '--fork', '--mount-proc', '--uts', '--kill-child'];
  const may = spawnSync(isolated[0] as string, [...isolated.slice(1), 'true']).status === 0;
  it.skipIf(!may)('in two process namespaces, with one host name or two: one', async () => {
    const first = holder(isolated);
    expect(await first.said).toMatch(/^open 1$/);
    for (const wrapper of [[], isolated, [...isolated, 'sh', '-c', 'hostname other; exec "$@"', 'sh']]) {
      const other = holder(wrapper);
      expect(await other.said).toMatch(/in use by process 1 on /);
      await new Promise((resolve) =>
        other.child.exitCode === null ? other.child.on('exit', resolve) : resolve(0),
      );
    }
    // The process inside, as an out-of-memory kill would.
    const inner = execFileSync('pgrep', ['-P', String(first.child.pid)], { encoding: 'utf8' }).trim();
    const ended = new Promise((resolve) => first.child.on('exit', resolve));
    process.kill(Number(inner), 'SIGKILL');
    await ended;
    const next = holder(isolated);
    expect(await next.said).toMatch(/^open 1$/);
    await kill(next.child);
  });
});

describe('a full disk', () => {
  const may =
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']).status === 0;

  it.skipIf(!may)('leaves nothing lying about after a failed start, and names file and folder', async () => {
    mkdirSync(dir, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', dir]);
    whenTestEnds(() => void spawnSync('umount', ['-l', dir]));
    spawnSync('dd', ['if=/dev/zero', `of=${join(dir, 'fill')}`, 'bs=1k', 'count=600']);
    for (let n = 0; n < 3; n++) {
      const failed = await open(dir).catch((error) => error);
      expect(failed.message).toContain(dir);
      expect(failed.exitCode).toBe(1);
      expect(readdirSync(dir)).toEqual(['fill']);
    }
    rmSync(join(dir, 'fill'));
    const store = await open(dir);
    const fill = async () => {
      for (let n = 1; n < 400; n++) await call(store, n, '#'.padEnd(600, '7'));
    };
    await expect(fill()).rejects.toThrow(/the state cannot be written: .*state\.db/);
    const { serial } = store.state;
    await expect(store.append(intent(1))).rejects.toThrow('cannot be written');
    await store.close();
    // What was durable is there.
    const { state } = await read(dir);
    expect(state.serial).toBeGreaterThan(0);
    expect(state.serial).toBeLessThan(serial + 1);
  });
});
