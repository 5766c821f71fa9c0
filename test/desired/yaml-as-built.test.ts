import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isScalar, Lexer, Parser } from 'yaml';

/*
 * The bundled YAML library is changed by the build. It must read everything as the untouched one does.
 */

// What builds runs before TypeScript can be read.
const script = '../../src/build-yaml.js';
const { plainYaml } = (await import(script)) as { plainYaml: (code: string, path: string) => string };

const FIXTURES = join(import.meta.dirname, '../fixtures');
const require = createRequire(import.meta.url);
const folder = join(require.resolve('yaml'), '../parse');

/** A file of the library as the build has it. */
function built(
  name: string,
  others: Record<string, unknown> = {},
): { Lexer: typeof Lexer; Parser: typeof Parser } {
  const path = join(folder, name);
  return evaluated(plainYaml(readFileSync(path, 'utf8'), path), path, others) as {
    Lexer: typeof Lexer;
    Parser: typeof Parser;
  };
}

/** What a file of the library gives. @param others what it is given in place of its neighbours */
function evaluated(text: string, path: string, others: Record<string, unknown> = {}): unknown {
  const own = createRequire(path);
  const module = { exports: {} };
  new Function('module', 'exports', 'require', text)(
    module,
    module.exports,
    (id: string) => others[id] ?? own(id),
  );
  return module.exports;
}

const lexer = built('lexer.js');
const parser = built('parser.js', { './lexer.js': lexer });

/** All that a text gives, or what is thrown. */
function tokensOf(text: string, library: { Lexer: typeof Lexer; Parser: typeof Parser }): unknown[] {
  const found: unknown[] = [];
  try {
    const lexemes = [...new library.Lexer().lex(text)];
    const whole = new library.Parser();
    found.push(lexemes, [...whole.parse(text)]);
    const parser = new library.Parser();
    for (const lexeme of lexemes) found.push([...parser.next(lexeme)], parser.stack.length, parser.offset);
    found.push([...parser.end()]);
  } catch (error) {
    found.push(String(error));
  }
  return found;
}

function agree(text: string): void {
  expect(tokensOf(text, { ...lexer, Parser: parser.Parser })).toEqual(tokensOf(text, { Lexer, Parser }));
}

const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.ya?ml$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(FIXTURES, path), 'utf8') }));

it('is really another one', () => {
  expect(new lexer.Lexer().lex('a: 1\n')).toBeInstanceOf(Array);
  expect(new parser.Parser().next('a')).toBeInstanceOf(Array);
  expect(new Lexer().lex('a: 1\n')).not.toBeInstanceOf(Array);
});

it('reads every fixture alike, also where it breaks off', () => {
  expect(files.length).toBeGreaterThan(100);
  for (const { text } of files) {
    agree(text);
    for (const share of [0.2, 0.5, 0.8]) agree(text.slice(0, Math.floor(text.length * share)));
  }
});

/** What YAML is made of. */
const PIECES = [
  ...[
    '\n',
    '\n  ',
    '\n    ',
    '\r\n',
    '\t',
    ' ',
    '- ',
    '? ',
    ': ',
    ':',
    ', ',
    '[',
    ']',
    '{',
    '}',
    '# c',
    '&a ',
    '*a',
  ],
  ...[
    '!t ',
    '!<x> ',
    '|',
    '>',
    '|+\n  ',
    '>-2\n  ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '"',
    "'",
    '"a\\n"',
    "'b'",
  ],
  ...['a', '1', '-', '--', '<<: ', 'é', '\u0000', '\ufeff', '\\', '@', '`', '0x1f', 'true'],
];

it('reads whatever YAML is made of alike', () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(text, agree), { numRuns: 5_000 });
});

it('reads files alike in which something was put, left out or doubled', () => {
  const edited = fc
    .tuple(fc.constantFrom(...files), fc.nat(), fc.nat(30), fc.constantFrom('', ...PIECES))
    .map(([{ text }, at, length, piece]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + piece + text.slice(from + length);
    });
  fc.assert(fc.property(edited, agree), { numRuns: 1_000 });
});

it('gives a node its kind in the same words', () => {
  const path = join(folder, '../nodes/Node.js');
  const text = readFileSync(path, 'utf8');
  const { NodeBase } = evaluated(plainYaml(text, path), path) as { NodeBase: new (kind: symbol) => object };
  const kind = Symbol.for('yaml.scalar');
  const node = new NodeBase(kind) as { clone(): object };
  for (const each of [node, node.clone()]) {
    expect(isScalar(each)).toBe(true);
    expect(Object.keys(each)).toEqual([]);
  }
  expect(() => plainYaml(text.replace('defineProperty', 'assign'), path)).toThrow(
    'is not the text that the build knows',
  );
});

it.each([
  [
    'a generator more',
    (text: string) => text.replace('    *step() {', '    *other() {\n        yield 1;\n    }\n    *step() {'),
  ],
  ['a generator of another form', (text: string) => text.replace('    *step() {', '    async *step() {')],
  ['a call by another way', (text: string) => text.replace('yield* this.step()', 'yield* self.step()')],
])('refuses a library with %s', (_, changed) => {
  const path = join(folder, 'parser.js');
  const text = readFileSync(path, 'utf8');
  expect(changed(text)).not.toBe(text);
  expect(() => plainYaml(changed(text), path)).toThrow('is not the text that the build knows');
});
