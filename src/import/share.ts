import { stable } from '../model/json.ts';
import type { JsonObject } from './start-json.ts';
import { yamlText } from './text.ts';

/*
 * What several recordings have in common, written once: a file holds the fields of a block, and recordings name it with
 * `fromFile`. Fields beside `fromFile` win, whole fields at a time, so what differs stays in the recording.
 */

/** A file that holds the fields of a block for several recordings. */
export interface SharedFile {
  /** From the folder that holds the one of all recording files: "layouts/custom.yaml", "shared/storage.yaml". */
  path: string;
  text: string;
  /** How many recordings take it. */
  recordings: number;
  /** It was there before with this very text. */
  isThere: boolean;
}

/** The blocks that can be equal: outputs of `rtmp` have a key of their own for each recording. */
const SHARED_BLOCKS = ['subscriptions', 'layout', 'storage'] as const;
type SharedBlock = (typeof SHARED_BLOCKS)[number];

/** The field in which the storage of recordings differs by its nature: where each one's files go. */
const OWN_FIELD = 'fileNamePrefix';

/** A document whose block takes part in a group, with what the block sets besides. */
interface Member {
  document: JsonObject;
  own: JsonObject;
}

/**
 * Takes equal blocks out of the documents, and puts references in their place.
 * @param documents of recording files that lie side by side in one folder; they are changed
 * @param way from their folder to the one that the paths count from, such as ".."
 * @param existing texts of files that are there, by their path: such a file is taken where its text is the same, and
 *   never written over
 */
export function shareBlocks(
  documents: readonly JsonObject[],
  way: string,
  existing: ReadonlyMap<string, string>,
): SharedFile[] {
  const files: SharedFile[] = [];
  const taken = new Map(existing);
  for (const block of SHARED_BLOCKS)
    for (const { fields, members } of groupsOf(block, documents)) {
      const text = `${headOf(block)}${yamlText(fields)}`;
      const path = freePath(wantedPath(block, fields), text, taken);
      const isThere = taken.get(path) === text;
      taken.set(path, text);
      files.push({ path, text, recordings: members.length, isThere });
      for (const { document, own } of members) document[block] = { fromFile: `${way}/${path}`, ...own };
    }
  return files;
}

/** Blocks that two documents or more have in common. */
function groupsOf(
  block: SharedBlock,
  documents: readonly JsonObject[],
): { fields: JsonObject; members: Member[] }[] {
  const groups = new Map<string, { fields: JsonObject; members: Member[] }>();
  for (const document of documents) {
    const written = document[block] as JsonObject | undefined;
    if (written === undefined) continue;
    const { [OWN_FIELD]: prefix, ...fields } = written;
    const key = stable(fields);
    const group = groups.get(key) ?? { fields, members: [] };
    groups.set(key, group);
    group.members.push({ document, own: prefix === undefined ? {} : { [OWN_FIELD]: prefix } });
  }
  return [...groups.values()].filter(({ members }) => members.length > 1).map(withEqualPrefix);
}

/** Where the prefix is the same in all of them it is shared as well. */
function withEqualPrefix({ fields, members }: { fields: JsonObject; members: Member[] }) {
  const [first] = members as [Member];
  if (members.some(({ own }) => stable(own) !== stable(first.own))) return { fields, members };
  return {
    fields: { ...fields, ...first.own },
    members: members.map(({ document }) => ({ document, own: {} })),
  };
}

function headOf(block: SharedBlock): string {
  return `# Shared: recordings take it with ${block}: { fromFile: … }, and what stands beside fromFile wins.\n`;
}

function wantedPath(block: SharedBlock, { mixedVideoLayout }: JsonObject): string {
  if (block !== 'layout') return `shared/${block}`;
  return `layouts/${typeof mixedVideoLayout === 'string' ? mixedVideoLayout : 'layout'}`;
}

function freePath(wanted: string, text: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 1; ; number++) {
    const path = `${wanted}${number === 1 ? '' : `-${number}`}.yaml`;
    const other = taken.get(path);
    if (other === undefined || other === text) return path;
  }
}
