import { type Alias, isAlias, isMap, isPair, isScalar, isSeq, type ParsedNode, type Scalar } from 'yaml';
import type { BlockName } from '../model/recording.ts';
import { type AliasTargets, aliasTargets } from './alias-targets.ts';
import { concealTree, FIELD_NAME } from './concealment.ts';
import type { Findings } from './findings.ts';
import { MAX_DEPTH, type ParsedDocument } from './parse.ts';
import { Places } from './places.ts';
import { quoted } from './printable.ts';
import type { Span } from './source-text.ts';
import { NOT_FILLED_IN, UNQUOTED_PLACEHOLDER } from './unfilled.ts';

/** A document as plain values, with every place by JSON Pointer. Mappings inherit nothing. */
export interface Tree {
  value: unknown;
  places: Pick<Places, 'get' | 'within'>;
  /** false: parts of it could not be reached, so what is missing from it means nothing. */
  whole: boolean;
  /** Something in it was refused, so the document is not used, although its other problems can be looked for. */
  refused: boolean;
}

const TAG_WAY = 'Remove the tag, and write out what it stands for: tags of other programs are not followed.';

const ANCHOR_WAY = 'An anchor reaches no further than its document: repeat it below x- in this one.';

/** Values that aliases may add to one file. */
const MAX_ALIASED = 100_000;
const KNOWN_TAG = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

/** Control characters, and half surrogate pairs, which only escapes can make. */
const UNUSABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]|\p{Surrogate}/u;

/** Where in a document a node is met. */
interface Spot {
  place: Places;
  /** The alias through which the node was reached: the place of what is wrong with the node as a whole. */
  alias?: Span;
  depth: number;
}

interface Entry {
  key: string;
  keySpan: Span;
  value: ParsedNode | null;
  /** The alias of the merge that it comes from. */
  alias?: Span | undefined;
}

/** Plain values of documents of one file; what cannot be one (tags, aliases, doubled fields) is reported. */
export class TreeBuilder {
  readonly #findings: Findings;
  #aliased = 0;
  #targets: AliasTargets = new Map();
  #open = new Set<ParsedNode>();
  #whole = true;
  readonly #block: BlockName | undefined;

  /** @param block that the documents hold the fields of; left out: they hold recordings */
  constructor(findings: Findings, block?: BlockName) {
    this.#findings = findings;
    this.#block = block;
  }

  build({ document }: ParsedDocument): Tree {
    this.#whole = true;
    const before = this.#findings.errors;
    // Without an alias there is none to be found.
    const { source } = this.#findings;
    const targets: AliasTargets = source.text.includes('*') ? aliasTargets(document.contents) : new Map();
    this.#targets = targets;
    source.concealBeforeShown(() => concealTree(source, document.contents, targets, this.#block));
    const places = new Places();
    const value = this.#value(document.contents, { place: places, depth: 0 });
    return { value, places, whole: this.#whole, refused: this.#findings.errors > before };
  }

  #value(node: ParsedNode | null, spot: Spot): unknown {
    if (!node || spot.depth > MAX_DEPTH) {
      if (node)
        this.#unreachable('nested-too-deep', spanOf(node), `more than ${MAX_DEPTH} levels are nested here`);
      return this.#place(spot, spot.place.key ?? { start: 0, end: 0 }, null);
    }
    if (isAlias(node)) return this.#throughAlias(node, spot);
    if (spot.alias && ++this.#aliased > MAX_ALIASED) return this.#tooManyAliases(spot.alias);
    if (node.tag && !KNOWN_TAG.test(node.tag))
      this.#findings.addAlone('unknown-tag', spanOf(node), 'this value has an unknown tag', TAG_WAY);
    if (isScalar(node)) return this.#scalar(node, spot);
    if (isUnfilled(node)) {
      this.#findings.addAlone('wrong-type', spanOf(node), UNQUOTED_PLACEHOLDER, NOT_FILLED_IN);
      return this.#place(spot, spanOf(node), '');
    }
    this.#place(spot, spanOf(node), null);
    this.#open.add(node);
    const value = isMap(node) ? this.#mapping(node, spot) : this.#list(node as ParsedNode, spot);
    this.#open.delete(node);
    return value;
  }

  #scalar(node: Scalar.Parsed, spot: Spot): unknown {
    const span = spanOf(node);
    const { value } = node;
    if (typeof value === 'number') return this.#place(spot, span, value, node.source);
    if (typeof value === 'string') {
      if (UNUSABLE.test(value))
        this.#findings.add(
          'control-character',
          span,
          'the text holds a control character',
          'Remove the escape.',
        );
      return this.#place(spot, span, value);
    }
    // Tags that are refused can have made anything of it.
    return this.#place(
      spot,
      span,
      typeof value === 'boolean' || value === null ? value : (node.source ?? ''),
    );
  }

  #mapping(node: ParsedNode, spot: Spot): Record<string, unknown> {
    const value = new Fields();
    const { alias, depth } = spot;
    for (const { key, keySpan, value: child, alias: merged } of this.#entries(node, spot)) {
      const place = spot.place.field(key, keySpan);
      value[key] = this.#value(child, { place, alias: merged ?? alias, depth: depth + 1 });
    }
    return value;
  }

  #list(node: ParsedNode, { place, alias, depth }: Spot): unknown[] {
    if (!isSeq(node)) return [];
    return node.items.map((item) =>
      // A list entry of the form [a: b] is a mapping of one field, which the format has nowhere.
      this.#value(isPair(item) ? null : (item as ParsedNode), {
        place: place.item(),
        alias,
        depth: depth + 1,
      }),
    );
  }

  /** A mapping's own fields, then those of its merges (<<), earlier ones first; what is set already stays. */
  #entries(node: ParsedNode, spot: Spot): Entry[] {
    if (!isMap(node)) return [];
    const entries = new Map<string, Entry>();
    const merges: (ParsedNode | null)[] = [];
    for (const { key: keyNode, value } of node.items as { key: ParsedNode; value: ParsedNode | null }[]) {
      if (spot.alias && ++this.#aliased > MAX_ALIASED) return [];
      if (isScalar(keyNode) && typeof keyNode.value === 'symbol') {
        merges.push(value);
        continue;
      }
      const key = this.#plain(keyNode);
      const keySpan = spanOf(keyNode);
      const earlier = typeof key === 'string' ? entries.get(key) : undefined;
      if (typeof key !== 'string')
        this.#findings.add('wrong-type', keySpan, "a field's name must be plain text");
      else if (earlier) this.#doubled(key, keySpan, earlier.keySpan);
      else entries.set(key, { key, keySpan, value, alias: spot.alias });
    }
    for (const merged of merges.flatMap((merge) => this.#mergeSources(merge, node)))
      for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    return [...entries.values()];
  }

  #doubled(key: string, span: Span, first: Span): void {
    // In the wrong place a key might be anything: only what looks like a field's name is repeated.
    const name = FIELD_NAME.test(key) ? quoted(key) : 'a field';
    const { line } = this.#findings.source.position(first.start);
    this.#findings.add('duplicate-key', span, `${name} is set twice`, `It is first set in line ${line}.`);
  }

  /** The fields of each mapping that a merge names: one, or a list of them. */
  #mergeSources(merge: ParsedNode | null, within: ParsedNode): Entry[][] {
    const items = isSeq(merge) ? (merge.items as ParsedNode[]) : [merge];
    return items.map((item) => {
      const target = isAlias(item) ? this.#targets.get(item) : item;
      const span = item ? spanOf(item) : spanOf(within);
      if (!target || !isMap(target)) {
        this.#unreachable('yaml-alias', span, '"<<" takes an alias of a mapping, or a list of these');
        return [];
      }
      if (this.#open.has(target)) {
        this.#unreachable('yaml-alias', span, 'a mapping cannot be merged into itself');
        return [];
      }
      this.#open.add(target);
      const entries = this.#entries(target, { place: new Places(), alias: span, depth: 0 });
      this.#open.delete(target);
      return entries;
    });
  }

  #throughAlias(node: Alias.Parsed, spot: Spot): unknown {
    const span = spanOf(node);
    const target = this.#targets.get(node);
    if (!target || this.#open.has(target)) {
      const summary = target ? 'the anchor contains itself' : 'there is no anchor of this name above';
      const isElsewhere =
        !target && this.#findings.source.text.slice(0, span.start).includes(`&${node.source}`);
      this.#unreachable('yaml-alias', span, summary, isElsewhere ? ANCHOR_WAY : undefined);
      return this.#place(spot, span, null);
    }
    const value = this.#value(target, { ...spot, alias: span, depth: spot.depth + 1 });
    return this.#place(spot, span, value, spot.place.text);
  }

  #unreachable(code: 'nested-too-deep' | 'yaml-alias', span: Span, summary: string, detail?: string): void {
    this.#whole = false;
    this.#findings.add(code, span, summary, detail);
  }

  #tooManyAliases(span: Span): null {
    if (this.#aliased === MAX_ALIASED + 1)
      this.#unreachable('yaml-alias', span, `aliases multiply this file to more than ${MAX_ALIASED} values`);
    return null;
  }

  /** A key's text, or the text of a value that may be an alias; undefined where it is none. */
  #plain(node: ParsedNode | null): string | undefined {
    const target = isAlias(node) ? this.#targets.get(node) : node;
    if (!isScalar(target)) return undefined;
    return typeof target.value === 'string' ? target.value : (target.source ?? '');
  }

  #place<T>({ place, alias }: Spot, value: Span, result: T, text?: string): T {
    // A value that is left out has no extent; its field's name is what can be pointed at.
    place.value = place.key && value.start === value.end ? place.key : value;
    place.text = text;
    if (alias) place.alias = alias;
    return result;
  }
}

/** A mapping that inherits nothing, so that any name is its own. Quicker to look into than what Object.create(null) makes. */
class Fields {
  [name: string]: unknown;

  static {
    Object.setPrototypeOf(Fields.prototype, null);
    delete (Fields.prototype as { constructor?: unknown }).constructor;
  }
}

function spanOf(node: ParsedNode): Span {
  return { start: node.range[0], end: node.range[1] };
}

/** What `{{name}}` is to YAML: a mapping of one field, whose name is a mapping. */
function isUnfilled(node: ParsedNode): boolean {
  if (!isMap(node)) return false;
  const [first, second] = node.items;
  return second === undefined && isMap(first?.key) && !first.value;
}
