/** Characters that are handed on at a time. */
const PIECE = 64 * 1024;

/**
 * What `JSON.stringify(value, null, 2)` gives, and a line feed, in pieces: with very many recordings it is longer than
 * any text can be (V8: some 500 million characters). The lists of the outermost object may be any iterable; an item of
 * theirs is made when its turn comes.
 */
export function* jsonPieces(value: object): Generator<string> {
  let waiting = '';
  for (const part of parts(value)) {
    waiting += part;
    if (waiting.length < PIECE) continue;
    yield waiting;
    waiting = '';
  }
  yield `${waiting}\n`;
}

function* parts(value: object): Generator<string> {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (fields.length === 0) return yield '{}';
  yield '{\n';
  for (const [index, [name, field]] of fields.entries()) {
    yield `  ${JSON.stringify(name)}: `;
    if (isList(field)) yield* listParts(field);
    else yield indented(field, '  ');
    yield index < fields.length - 1 ? ',\n' : '\n';
  }
  yield '}';
}

function* listParts(list: Iterable<unknown>): Generator<string> {
  let before = '[\n';
  for (const item of list) {
    yield `${before}    ${indented(item, '    ')}`;
    before = ',\n';
  }
  yield before === ',\n' ? '\n  ]' : '[]';
}

/** Within a text line feeds are escaped, so each of these begins a line. */
function indented(value: unknown, indentation: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${indentation}`);
}

function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** A list of what becomes of these, made one at a time. */
export function* each<T>(items: Iterable<T>, make: (item: T) => unknown): Generator<unknown> {
  for (const item of items) yield make(item);
}
