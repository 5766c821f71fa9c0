import { Document, isMap, isSeq, YAMLSeq } from 'yaml';
import type { JsonObject } from './start-json.ts';

/** A list on one line, without spaces inside its brackets: maps have them, which tells the two apart at a glance. */
class InlineList extends YAMLSeq {
  override flow = true;

  override toString(...[context, ...rest]: Parameters<YAMLSeq['toString']>): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, ...rest);
  }
}

/**
 * A recording file's text, in the form in which people write it: regions, references, the canvas and lists of plain
 * values on one line each.
 * @param schema where the editor finds the schema, from the file's place
 */
export function recordingFileText(document: JsonObject, schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n${yamlText(document)}`;
}

/** The same without the line for editors: fields of a block, in a file that recordings share. */
export function yamlText(document: JsonObject): string {
  const yaml = new Document(document);
  if (isMap(yaml.contents)) for (const pair of yaml.contents.items) pair.value = arrange(pair.value, false);
  // Never folded: a long address stays in one piece.
  return yaml.toString({ lineWidth: 0 });
}

/** @param inList whether the node is an entry of a list */
function arrange(node: unknown, inList: boolean): unknown {
  if (isMap(node)) {
    const plain = node.items.every(({ value }) => !isMap(value) && !isSeq(value));
    const isReference = node.items.length === 1 && node.has('fromEnv');
    const isCanvas = node.items.length === 2 && node.has('width') && node.has('height');
    if (plain && (inList || isReference || isCanvas)) node.flow = true;
    else for (const pair of node.items) pair.value = arrange(pair.value, false);
  } else if (isSeq(node)) {
    if (node.items.some((item) => isMap(item) || isSeq(item)))
      node.items = node.items.map((item) => arrange(item, true));
    else {
      const list = new InlineList(node.schema);
      list.items = node.items;
      return list;
    }
  }
  return node;
}
