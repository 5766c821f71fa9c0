import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/*
 * src/README.md says which room may call which, and which rooms are pure. Here its table is read and held against the
 * imports and the words of every file.
 */

const SRC = resolve(import.meta.dirname, '../src');

interface Room {
  name: string;
  /** Rooms, or single files, by their path below src. */
  mayCall: string[];
  pure: boolean;
  /** It holds pages alone. */
  codeless: boolean;
  /** Files of a pure room that are not. */
  impure: string[];
}

const ticked = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string);

const rooms = readFileSync(join(SRC, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| `\w+\/` \|/.test(line))
  .map((line): Room => {
    const [, name = '', , mayCall = '', pure = ''] = line.split('|').map((cell) => cell.trim());
    return {
      name: ticked(name)[0]?.replace('/', '') ?? '',
      mayCall: ticked(mayCall),
      pure: !/^no\b/.test(pure),
      codeless: pure === 'no code',
      impure: ticked(pure),
    };
  });

/** Every file of the program, by its path below src with forward slashes. */
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => ({ path, ...read(path) }));

/** What a file imports, and its words without comments and texts. */
function read(path: string): { imports: string[]; code: string } {
  const text = readFileSync(join(SRC, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const specifiers = [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'([^']+)'/gm)].map(
    ([, it]) => it as string,
  );
  return {
    imports: specifiers.map((it) =>
      it.startsWith('.')
        ? relative(SRC, resolve(SRC, dirname(path), it))
            .split(sep)
            .join('/')
        : it,
    ),
    code: text.replace(/'(?:[^'\\\n]|\\.)*'/g, "''"),
  };
}

const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] as string) : path);
const inside = (name: string) => files.filter(({ path }) => roomOf(path) === name);

/** What has no place in pure code: the world's doors, and the words that look at the world without an import. */
const DOORS =
  /^(node:(fs|net|http|https|http2|tls|dns|dgram|child_process|os|process|readline|timers|worker_threads|cluster|perf_hooks)(\/\w+)?|got|pino|prom-client|chokidar)$/;
const CLOCK_AND_CHANCE =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b|\brandomBytes\b|\brandomInt\b|\brandomUUID\b/;
const WORLD = /\b(setTimeout|setInterval|setImmediate|fetch)\(|\bconsole\.|\bprocess\.|\bglobalThis\b/;

describe('src/README.md', () => {
  it('has a row for every room, and no other', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('says which hold pages alone', () => {
    const codeless = rooms.filter((room) => room.codeless).map(({ name }) => name);
    expect(codeless).toEqual(['docs']);
    for (const name of codeless)
      expect(readdirSync(join(SRC, name)).filter((file) => !file.endsWith('.md'))).toEqual([]);
  });

  it('names rooms and files that are there', () => {
    const there = new Set([...rooms.map(({ name }) => name), ...files.map(({ path }) => path)]);
    const named = rooms.flatMap(({ name, mayCall, impure }) => [
      ...mayCall,
      ...impure.map((file) => `${name}/${file}`),
    ]);
    expect(named.filter((each) => !there.has(each))).toEqual([]);
  });

  it('lets no room call back, over however many others', () => {
    const callees = new Map(
      rooms.map(({ name, mayCall }) => [name, mayCall.filter((each) => !each.includes('.'))]),
    );
    const circles = (name: string, way: string[]): string[][] =>
      way.includes(name)
        ? [[...way, name]]
        : (callees.get(name) ?? []).flatMap((next) => circles(next, [...way, name]));
    expect(rooms.flatMap(({ name }) => circles(name, []))).toEqual([]);
  });
});

describe('imports', () => {
  it('are seen', () => {
    const seen = files.flatMap(({ imports }) => imports);
    expect(seen).toEqual(
      expect.arrayContaining(['model/recording.ts', 'apply/engine.ts', 'node:fs/promises', 'got']),
    );
    expect(files.find(({ path }) => path === 'cli.ts')?.imports).toContain('main.ts');
  });

  it.each(rooms)('$name/ calls only what it may', ({ name, mayCall }) => {
    // The commands wire everything together; only what runs them is out of their reach.
    const all = name === 'commands' ? rooms.map((room) => room.name) : [];
    const allowed = [name, ...mayCall, ...all];
    const calls = inside(name).flatMap(({ path, imports }) =>
      imports
        .filter((it) => it.endsWith('.ts') && !allowed.includes(it) && !allowed.includes(roomOf(it)))
        .map((it) => `${path} → ${it}`),
    );
    expect(calls).toEqual([]);
  });

  it('of data come from the package alone', () => {
    const outside = files.flatMap(({ path, imports }) =>
      imports.filter((it) => it.startsWith('..')).map((it) => `${path} → ${it}`),
    );
    expect(outside.sort()).toEqual([
      'commands/schema.ts → ../schemas/reelstate.schema.json',
      'schema.ts → ../schemas/recording.schema.json',
      'version.ts → ../package.json',
    ]);
  });
});

describe('purity', () => {
  it.each(rooms.filter(({ pure }) => pure))('$name/ is pure but for $impure', ({ name, impure }) => {
    const pure = inside(name).filter(({ path }) => !impure.includes(path.slice(name.length + 1)));
    expect(pure.length).toBeGreaterThan(0);
    for (const { path, imports, code } of pure)
      expect({
        path,
        doors: imports.filter((it) => DOORS.test(it)),
        words: [CLOCK_AND_CHANCE, WORLD].map((each) => each.exec(code)?.[0]).filter(Boolean),
      }).toEqual({ path, doors: [], words: [] });
  });

  it.each(rooms.filter(({ impure }) => impure.length > 0))(
    '$name/ makes no exception that is not needed',
    ({ name, impure }) => {
      for (const file of impure) {
        const found = files.find(({ path }) => path === `${name}/${file}`);
        expect(
          found?.imports.some((it) => DOORS.test(it)),
          file,
        ).toBe(true);
      }
    },
  );

  it('clock and chance come in from outside, everywhere', () => {
    const found = files
      .filter(({ path }) => path !== 'system-clock.ts')
      .flatMap(({ path, code }) =>
        [...code.matchAll(/\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b/g)].map(
          ([word]) => `${path}: ${word}`,
        ),
      );
    expect(found).toEqual([]);
  });

  it('the process is touched in one place, but for what ends and counts processes', () => {
    const found = files
      .filter(({ path }) => !['cli.ts', 'process-io.ts'].includes(path))
      .flatMap(({ path, code }) => [...code.matchAll(/\bprocess\.\w+/g)].map(([word]) => `${path}: ${word}`));
    expect([...new Set(found)].sort()).toEqual([
      'apply/program.ts: process.kill',
      'reader.ts: process.env',
      'sources/git-program.ts: process.kill',
      'sources/git-program.ts: process.platform',
      'sources/read-cache-file.ts: process.getuid',
      'state/journal/read.ts: process.kill',
      'state/postgres/leases.ts: process.pid',
      'state/sqlite/lock.ts: process.pid',
    ]);
  });
});

describe('starting', () => {
  /** What is read before a command does anything: types and what is imported when it is needed are left out. */
  function readAtOnce(path: string): Set<string> {
    const found = new Set([path]);
    for (const each of found) {
      if (!each.endsWith('.ts') || each.startsWith('..')) continue;
      const text = readFileSync(join(SRC, each), 'utf8');
      const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:([^;']*?)\s*from\s+)?'([^']+)';/gm);
      for (const [, names, it = ''] of statements)
        if (!/^\{(\s*type [^,}]+,?)+\s*\}$/.test(names ?? ''))
          found.add(
            it.startsWith('.')
              ? relative(SRC, resolve(SRC, dirname(each), it))
                  .split(sep)
                  .join('/')
              : it,
          );
    }
    return found;
  }

  it.each(['plan', 'apply', 'status', 'validate', 'history', 'watch'])(
    '%s loads no library that reads YAML, sends or keeps until it is needed',
    (command) => {
      const loaded = readAtOnce(`commands/${command}.ts`);
      expect(loaded.size).toBeGreaterThan(10);
      expect(
        [...loaded].filter((it) => /^(yaml|got|libsql|pg|ajv|prom-client|hono|@resvg\/.*)$/.test(it)),
      ).toEqual([]);
    },
  );
});
