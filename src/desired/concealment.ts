import { isAlias, isMap, isScalar, isSeq, type ParsedNode } from 'yaml';
import type { BlockName } from '../model/recording.ts';
import type { AliasTargets } from './alias-targets.ts';
import type { SourceText } from './source-text.ts';

/*
 * Which ranges of a file hold secrets. Decided by place, never by searching for a secret's text, and rather too much
 * than too little: a key with a secret's name counts wherever it stands.
 */

const SECRET_KEY = /secret|access_?key|token|passw|pwd|rtmp_?url|credential|private_?key|api_?key/i;

/** The fields of `storage` that are shown; `rtmp` has none. */
const SHOWN = new Set([
  '/storage/fromFile',
  '/storage/vendor',
  '/storage/region',
  '/storage/bucket',
  '/storage/stsExpiration',
  '/storage/fileNamePrefix',
  '/storage/extensionParams/sse',
  '/storage/extensionParams/tag',
  '/storage/extensionParams/endpoint',
]);

/** Blocks of which all is secret that is not known to be harmless. */
const SECRET_BLOCKS = new Set(['/storage', '/rtmp']);

/** Mappings whose fields are told apart. */
const FOLLOWED = new Set(['/storage', '/storage/extensionParams']);

/** What a field's name looks like; anything else in a key's place might be a secret. */
export const FIELD_NAME = /^[\w.-]{1,64}$/;

/** What the name of an environment variable looks like. */
export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A node still to be looked at. `place`: as far as it matters here, its JSON Pointer; elsewhere undefined. */
interface Spot {
  node: ParsedNode | null;
  place: string | undefined;
  concealed: boolean;
  /** Where the value begins with all that may stand before it: a tag, an anchor. */
  from?: number;
}

/**
 * Conceals the texts of a document that are secret: everything under a name that looks like a secret's, and all of
 * `storage` and `rtmp` but the fields known to be harmless. Looks at every node, also at those that are of no use
 * (a field set twice), and through aliases at what they stand for.
 * @param block that the document holds the fields of; left out: it holds a recording
 */
export function concealTree(
  source: SourceText,
  contents: ParsedNode | null,
  targets: AliasTargets,
  block?: BlockName,
): void {
  // Without aliases every node is met once.
  const seen = targets.size > 0 ? new Map<ParsedNode, Set<string>>() : undefined;
  const start = block === undefined ? '' : `/${block}`;
  const place = block === undefined || FOLLOWED.has(start) ? start : undefined;
  const waiting: Spot[] = [{ node: contents, place, concealed: SECRET_BLOCKS.has(start) }];
  // Nearly all of a file is texts that are no secret.
  const wait = (spot: Spot) => {
    if (spot.concealed || !isScalar(spot.node)) waiting.push(spot);
  };
  // A list of what is left to do, because a chain of aliases can be deeper than the stack.
  for (let spot = waiting.pop(); spot; spot = waiting.pop()) {
    const { place, concealed } = spot;
    const node = isAlias(spot.node) ? targets.get(spot.node) : spot.node;
    // A secret that begins with *, & or ! was not meant as an alias, anchor or tag.
    const disguised =
      spot.node && (isAlias(spot.node) ? !node : isScalar(spot.node) && (spot.node.tag || spot.node.anchor));
    if (concealed && disguised && spot.node && spot.from !== undefined)
      source.conceal({ start: spot.from, end: spot.node.range[1] });
    if (!node) continue;
    // A node is looked at once for each meaning it can have, however many aliases lead to it.
    if (seen && !isNews(seen, node, `${place} ${concealed}`)) continue;
    // One at a time: a mapping can have more fields than a call takes arguments.
    if (isMap(node)) for (const field of fieldsOf(node.items as Field[], place, concealed)) wait(field);
    else if (isSeq(node))
      for (const item of node.items) wait({ node: item as ParsedNode, place: undefined, concealed });
    else if (concealed) source.conceal({ start: node.range[0], end: node.range[1] });
  }
}

function isNews(seen: Map<ParsedNode, Set<string>>, node: ParsedNode, meaning: string): boolean {
  const meanings = seen.get(node);
  if (meanings?.has(meaning)) return false;
  if (meanings) meanings.add(meaning);
  else seen.set(node, new Set([meaning]));
  return true;
}

interface Field {
  key: ParsedNode;
  value: ParsedNode | null;
}

function fieldsOf(fields: readonly Field[], place: string | undefined, concealed: boolean): Spot[] {
  const reference = fields.length === 1 && isReference(fields[0] as Field);
  return fields.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [key, value].map((node) => ({ node, place: undefined, concealed }));
    // A merge brings its fields into this very mapping.
    if (typeof key.value === 'symbol')
      return isSeq(value)
        ? value.items.map((node) => ({ node: node as ParsedNode, place, concealed }))
        : { node: value, place, concealed };
    const name = String(key.value);
    const pointer = place === undefined ? undefined : `${place}/${name}`;
    const shown = pointer !== undefined && SHOWN.has(pointer);
    const secret =
      concealed || SECRET_KEY.test(name) || (pointer !== undefined && SECRET_BLOCKS.has(pointer));
    const inside: Spot = {
      node: value,
      place: pointer !== undefined && FOLLOWED.has(pointer) ? pointer : undefined,
      concealed: secret && !shown && !reference,
      ...(key.range ? { from: key.range[1] + 1 } : {}),
    };
    return concealed && !FIELD_NAME.test(name)
      ? [{ node: key, place: undefined, concealed }, inside]
      : inside;
  });
}

/** {fromEnv: NAME} and {fromFile: PATH}: the text is a name and no secret. */
function isReference({ key, value }: Field): boolean {
  if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') return false;
  return key.value === 'fromFile' || (key.value === 'fromEnv' && ENVIRONMENT_NAME.test(value.value));
}

const KEY_LINE = /^[\s-]*["']?[\w.-]+["']?\s*:(\s|$)|^(---|\.\.\.)/;

/**
 * Conceals by lines what looks like a secret, for a file that cannot be parsed: everything behind such a key's
 * colon, and the lines below until one no deeper that starts another field.
 */
export function concealByLines(source: SourceText): void {
  let secretIndent: number | undefined;
  source.lineStarts.forEach((start, index) => {
    const line = source.line(index + 1);
    const indent = line.search(/\S/);
    if (secretIndent !== undefined && !(indent <= secretIndent && KEY_LINE.test(line))) {
      source.conceal({ start, end: start + line.length });
      return;
    }
    secretIndent = undefined;
    const key = line.search(SECRET_KEY);
    if (key === -1) return;
    const mark = line.slice(key).search(/[:=]/);
    if (mark === -1 && line[indent] !== '?') return;
    secretIndent = indent;
    if (mark !== -1) source.conceal({ start: start + key + mark + 1, end: start + line.length });
  });
}
