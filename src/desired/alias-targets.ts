import { type Alias, type ParsedNode, visit } from 'yaml';

export type AliasTargets = Map<Alias, ParsedNode>;

/** The node that each alias stands for: the nearest anchor of that name above it. In one pass over the document. */
export function aliasTargets(contents: ParsedNode | null): AliasTargets {
  const anchors = new Map<string, ParsedNode>();
  const targets: AliasTargets = new Map();
  visit(contents, {
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
    },
    Value: (_key, node) => {
      if (node.anchor) anchors.set(node.anchor, node as ParsedNode);
    },
  });
  return targets;
}
