import type { Span } from './source-text.ts';
import type { Place, Tree } from './tree.ts';

/*
 * Most recording files use very little of YAML: fields by indentation, lists, brackets within a line, texts in
 * quotes, numbers. Of what a run over many files costs, parsing all of YAML is nearly everything, so that little is
 * read here, some ten times as fast. Whatever is not certainly within it is left to the library: the answer is then
 * `undefined`, never a guess. A test holds both against each other (plain.test.ts).
 */

/** Thrown where the text is more than plain; caught in this file. */
const NOT_PLAIN = new Error('not plain');

/**
 * Tabs, carriage returns and whatever is invisible. Words about secrets too: their places must be known before a line
 * is shown, and that is the full reader's business.
 */
const NOT_FOR_US =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]|secret|access_?key|token|passw|pwd|rtmp|storage|credential|private_?key|api_?key/i;

const FIELD = /([A-Za-z_][A-Za-z0-9_]*):( *)/y;
const FLOW_FIELD = /(?:([A-Za-z_][A-Za-z0-9_]*):(?= )|"([A-Za-z_][A-Za-z0-9_]*)":) */y;
const DOUBLE_QUOTED = /"([^"\\\n]*)"/y;
const SINGLE_QUOTED = /'([^'\n]*)'(?!')/y;
/** A text without quotes, to the end of the line or to a comment. */
const BARE = /[A-Za-z0-9._/](?:[A-Za-z0-9._/+=@%(),~-]| +(?=[^ #\n])|:(?=[^ \n]))*/y;
/** The same between brackets. */
const FLOW_BARE = /[A-Za-z0-9._/][A-Za-z0-9._/+=@%~-]*/y;
const REST = / *(?=\n|$)| +#[^\n]*/y;

/** Words that YAML 1.2's core schema takes for something else than text; the common forms are read, the others not. */
const NO_KEY = /^(?:true|false|null)$/i;
const INTEGER = /^(?:0|[1-9][0-9]{0,14})$/;
const FRACTION = /^[0-9]{1,6}\.[0-9]{1,9}$/;
/** Whatever else might be a number: integers with signs or zeros in front, octal, hexadecimal, exponents, infinities. */
const NUMERIC = /^[-+]?(?:\.?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|\.(?:inf|nan))$/i;

/** Deeper than the format goes. */
const MAX_DEPTH = 12;

/** Characters; with more than these the time of a run is that file's alone. */
const MAX_LENGTH = 65_536;

interface Line {
  indent: number;
  /** Where the content starts and, without blanks at the end, ends. */
  start: number;
  end: number;
}

/** A value with its place and those of what it holds. */
interface Spot extends Place {
  result: unknown;
  fields?: Map<string, Spot>;
  items?: Spot[];
}

/** A text of one document, read; undefined where it is anything but plain. */
export function readPlainly(text: string): Tree | undefined {
  if (text.length > MAX_LENGTH || NOT_FOR_US.test(text)) return undefined;
  const lines = linesOf(text);
  const first = lines[0];
  if (first && first.indent === 0 && text.slice(first.start, first.end) === '---') lines.shift();
  if (lines[0]?.indent !== 0) return undefined;
  try {
    const reader = new PlainReader(text, lines);
    const root = reader.block(0);
    if (!root.fields || !reader.done) return undefined;
    return { value: root.result, places: new Places(root), whole: true, refused: false };
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

/** A mapping that inherits nothing, so that any name is its own; quicker to look into than what Object.create(null) makes. */
class Fields {
  [name: string]: unknown;

  static {
    Object.setPrototypeOf(Fields.prototype, null);
    delete (Fields.prototype as { constructor?: unknown }).constructor;
  }
}

/** Finds places by JSON Pointer when they are asked for, which of a file without mistakes are few. */
class Places implements Pick<ReadonlyMap<string, Place>, 'get'> {
  readonly #root: Spot;

  constructor(root: Spot) {
    this.#root = root;
  }

  get(pointer: string): Place | undefined {
    let spot: Spot | undefined = this.#root;
    // Names of fields hold neither "~" nor "/" here.
    for (const part of pointer.split('/').slice(1))
      spot = spot?.fields?.get(part) ?? spot?.items?.[Number(part)];
    return spot;
  }
}

/** The lines on which something stands. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < text.length; ) {
    const feed = text.indexOf('\n', from);
    const to = feed === -1 ? text.length : feed;
    let start = from;
    while (start < to && text.charCodeAt(start) === 0x20) start++;
    let end = to;
    while (end > start && text.charCodeAt(end - 1) === 0x20) end--;
    if (start < end && text[start] !== '#') lines.push({ indent: start - from, start, end });
    from = to + 1;
  }
  return lines;
}

class PlainReader {
  readonly #text: string;
  readonly #lines: Line[];
  #next = 0;

  constructor(text: string, lines: Line[]) {
    this.#text = text;
    this.#lines = lines;
  }

  get done(): boolean {
    return this.#next === this.#lines.length;
  }

  /** The mapping or list that starts on the next line. */
  block(depth: number): Spot {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    const { indent, start } = this.#line() as Line;
    const spot = this.#isItem(this.#line() as Line)
      ? this.#list(indent, depth)
      : this.#mapping(indent, depth);
    const after = this.#line();
    if (after && after.indent > indent) throw NOT_PLAIN;
    spot.value = { start, end: (this.#lines[this.#next - 1] as Line).end };
    return spot;
  }

  #line(): Line | undefined {
    return this.#lines[this.#next];
  }

  #isItem({ start, end }: Line): boolean {
    return this.#text[start] === '-' && start + 1 < end && this.#text[start + 1] === ' ';
  }

  #mapping(indent: number, depth: number): Spot {
    const fields = new Map<string, Spot>();
    const result = new Fields();
    for (let line = this.#line(); line?.indent === indent; line = this.#line()) {
      const [, name = '', gap = ''] = this.#match(FIELD, line.start);
      const at = FIELD.lastIndex;
      if (fields.has(name) || NO_KEY.test(name) || (gap === '' && at < line.end)) throw NOT_PLAIN;
      const child =
        at >= line.end || this.#text[at] === '#' ? this.#below(indent, depth) : this.#onLine(at, line, depth);
      child.key = { start: line.start, end: line.start + name.length };
      fields.set(name, child);
      result[name] = child.result;
    }
    if (fields.size === 0) throw NOT_PLAIN;
    return { value: NOWHERE, result, fields };
  }

  /** What belongs to a field that has nothing behind its colon. */
  #below(indent: number, depth: number): Spot {
    this.#next++;
    const line = this.#line();
    if (!line || line.indent < indent || (line.indent === indent && !this.#isItem(line))) throw NOT_PLAIN;
    return this.block(depth + 1);
  }

  #list(indent: number, depth: number): Spot {
    const items: Spot[] = [];
    for (let line = this.#line(); line?.indent === indent && this.#isItem(line); line = this.#line()) {
      let start = line.start + 1;
      while (this.#text[start] === ' ') start++;
      FIELD.lastIndex = start;
      const field = FIELD.exec(this.#text);
      if (field && (field[2] !== '' || FIELD.lastIndex >= line.end)) {
        // Behind the dash a mapping begins, its fields as far in as this first one.
        line.indent += start - line.start;
        line.start = start;
        items.push(this.block(depth + 1));
      } else items.push(this.#onLine(start, line, depth));
    }
    return { value: NOWHERE, result: items.map(({ result }) => result), items };
  }

  /** A value that ends with its line. */
  #onLine(at: number, { end, indent }: Line, depth: number): Spot {
    const first = this.#text[at];
    const spot = first === '[' || first === '{' ? this.#flow(at, depth + 1) : this.#scalar(at, BARE);
    if (spot.value.end > end) throw NOT_PLAIN;
    this.#match(REST, spot.value.end);
    this.#next++;
    const next = this.#line();
    // The text would go on there.
    if (next && next.indent > indent) throw NOT_PLAIN;
    return spot;
  }

  #scalar(at: number, bare: RegExp): Spot {
    const first = this.#text[at];
    const pattern = first === '"' ? DOUBLE_QUOTED : first === "'" ? SINGLE_QUOTED : bare;
    const [whole, inner] = this.#match(pattern, at);
    const value = { start: at, end: at + (whole as string).length };
    if (pattern !== bare) return { value, result: inner };
    const result = meaningOf(whole as string);
    return typeof result === 'number' ? { value, result, text: whole } : { value, result };
  }

  #flow(at: number, depth: number): Spot {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    const first = this.#text[at];
    if (first === '{') return this.#flowMapping(at, depth);
    return first === '[' ? this.#flowList(at, depth) : this.#scalar(at, FLOW_BARE);
  }

  #flowMapping(start: number, depth: number): Spot {
    const fields = new Map<string, Spot>();
    const result = new Fields();
    const end = this.#flowEntries(start, '}', (at) => {
      const [whole = '', plain, quoted] = this.#match(FLOW_FIELD, at);
      const name = (plain ?? quoted) as string;
      if (fields.has(name) || (plain !== undefined && NO_KEY.test(plain))) throw NOT_PLAIN;
      const child = this.#flow(at + whole.length, depth + 1);
      child.key = { start: at, end: at + name.length + (quoted === undefined ? 0 : 2) };
      fields.set(name, child);
      result[name] = child.result;
      return child.value.end;
    });
    return { value: { start, end }, result, fields };
  }

  #flowList(start: number, depth: number): Spot {
    const items: Spot[] = [];
    const end = this.#flowEntries(start, ']', (at) => {
      const item = this.#flow(at, depth + 1);
      items.push(item);
      return item.value.end;
    });
    return { value: { start, end }, result: items.map(({ result }) => result), items };
  }

  /** @param entry reads one and gives its end; @returns the end of all */
  #flowEntries(start: number, close: string, entry: (at: number) => number): number {
    let at = this.#skip(start + 1);
    if (this.#text[at] === close) return at + 1;
    for (;;) {
      at = this.#skip(entry(at));
      if (this.#text[at] === close) return at + 1;
      if (this.#text[at] !== ',') throw NOT_PLAIN;
      at = this.#skip(at + 1);
    }
  }

  #skip(from: number): number {
    let at = from;
    while (this.#text.charCodeAt(at) === 0x20) at++;
    return at;
  }

  #match(pattern: RegExp, at: number): RegExpExecArray {
    pattern.lastIndex = at;
    const match = pattern.exec(this.#text);
    if (!match) throw NOT_PLAIN;
    return match;
  }
}

/** Taken by a collection until its end is known. */
const NOWHERE: Span = { start: 0, end: 0 };

/** What YAML 1.2's core schema makes of a text without quotes. */
function meaningOf(text: string): unknown {
  if (INTEGER.test(text) || FRACTION.test(text)) return Number(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (NO_KEY.test(text) || NUMERIC.test(text)) throw NOT_PLAIN;
  return text;
}
