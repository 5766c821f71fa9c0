import type { PlacedBox, Placement } from './geometry.ts';

export type Mark = 'added' | 'gone' | 'moved' | 'resized' | 'restyled' | 'same';

/** What becomes of one region. A region that is both moved and resized counts as resized. */
export interface RegionChange {
  mark: Mark;
  /** Absent for one that is added. */
  before?: PlacedBox;
  /** Absent for one that is gone. */
  after?: PlacedBox;
}

/** What a mark is called and which sign stands for it, so that neither colour nor stroke is needed to read it. */
export const MARKS: Readonly<Record<Mark, { sign: string; word: string }>> = {
  added: { sign: '+', word: 'added' },
  gone: { sign: '-', word: 'gone' },
  moved: { sign: '>', word: 'moved' },
  resized: { sign: '~', word: 'resized' },
  restyled: { sign: '*', word: 'drawn differently' },
  same: { sign: '=', word: 'unchanged' },
};

/**
 * What happens to each region between two placements: first those of `after` in the order of drawing, then what
 * is gone. Regions are the same when they show the same user: the same UID, or the same place in the order of
 * joining. Of several regions for one UID the first goes with the first.
 */
export function regionChanges(before: Placement | undefined, after: Placement | undefined): RegionChange[] {
  const left = new Map<string, PlacedBox[]>();
  const userOf = ({ user, label }: PlacedBox) => user ?? label;
  for (const box of before?.boxes ?? []) left.set(userOf(box), [...(left.get(userOf(box)) ?? []), box]);
  const changes = (after?.boxes ?? []).map((box): RegionChange => {
    const old = left.get(userOf(box))?.shift();
    return old ? { mark: markOf(old, box), before: old, after: box } : { mark: 'added', after: box };
  });
  markReordered(changes);
  const gone = [...left.values()].flat().sort((a, b) => a.z - b.z);
  return [...changes, ...gone.map((box): RegionChange => ({ mark: 'gone', before: box }))];
}

/** A region that has changed places in the order of drawing with another one covers it now, or is covered. */
function markReordered(changes: RegionChange[]): void {
  const kept = changes.filter(({ before }) => before);
  const order = kept.map(({ before }) => before?.z ?? 0).sort((a, b) => a - b);
  for (const [rank, change] of kept.entries())
    if (change.mark === 'same' && change.before?.z !== order[rank]) change.mark = 'restyled';
}

/** The marks that occur among the changes, in the order of MARKS. */
export function marksIn(changes: RegionChange[]): Mark[] {
  return (Object.keys(MARKS) as Mark[]).filter((mark) => changes.some((change) => change.mark === mark));
}

/** Regions that fare alike, in the order of MARKS; of those that are resized the ones that also move are a group. */
export function groupsIn(changes: RegionChange[]): { mark: Mark; word: string; changes: RegionChange[] }[] {
  return marksIn(changes).flatMap((mark): { mark: Mark; word: string; changes: RegionChange[] }[] => {
    const those = changes.filter((change) => change.mark === mark);
    const { word } = MARKS[mark];
    if (mark !== 'resized') return [{ mark, word, changes: those }];
    const [stay, move] = [those.filter((each) => !hasMoved(each)), those.filter(hasMoved)];
    return [
      { mark, word, changes: stay },
      { mark, word: `${word} and ${MARKS.moved.word}`, changes: move },
    ].filter((group) => group.changes.length > 0);
  });
}

function hasMoved({ before, after }: RegionChange): boolean {
  return before?.x !== after?.x || before?.y !== after?.y;
}

function markOf(before: PlacedBox, after: PlacedBox): Mark {
  if (before.width !== after.width || before.height !== after.height) return 'resized';
  if (before.x !== after.x || before.y !== after.y) return 'moved';
  const restyled =
    before.alpha !== after.alpha ||
    before.renderMode !== after.renderMode ||
    before.backgroundImage?.url !== after.backgroundImage?.url;
  return restyled ? 'restyled' : 'same';
}

/** Changes of the canvas itself, a line each. */
export function canvasChanges(before: Placement | undefined, after: Placement | undefined): string[] {
  if (!before || !after) return [];
  const lines: string[] = [];
  if (before.layout !== after.layout) lines.push(`layout ${before.layout} \u2192 ${after.layout}`);
  if (before.backgroundColor !== after.backgroundColor)
    lines.push(`background ${before.backgroundColor} \u2192 ${after.backgroundColor}`);
  if (before.backgroundImage !== after.backgroundImage)
    lines.push(
      after.backgroundImage === undefined
        ? 'background image gone'
        : before.backgroundImage === undefined
          ? 'background image added'
          : 'background image changed',
    );
  return lines;
}
