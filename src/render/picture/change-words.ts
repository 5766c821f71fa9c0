import { canvasChanges, groupsIn, MARKS, type Mark, type RegionChange, regionChanges } from './difference.ts';
import type { PlacedBox, Placement } from './geometry.ts';
import { fraction, listLabels } from './words.ts';

/** The change in words: what becomes of the canvas, then of every region that does not stay as it is. */
export function describeChange(before: Placement | undefined, after: Placement | undefined): string {
  const words = changeList(before, after).map((line) => `${line.words}.`);
  const canvas = canvasChanges(before, after).map((line) => `${line}.`);
  const unknown = before ? [] : ['What was there before is not known.'];
  const all = [...unknown, ...canvas, ...words];
  return all.length === 0 ? 'Nothing changes.' : all.join(' ');
}

/**
 * What becomes of the regions, a line each with its sign. Where a predefined layout has a part in it the places
 * are the service's own, and a line tells of all the regions that fare alike.
 */
export function changeList(
  before: Placement | undefined,
  after: Placement | undefined,
): { mark: Mark; words: string }[] {
  const changes = regionChanges(before, after);
  if (before?.layout === 'custom' && after?.layout === 'custom')
    return changes.flatMap((change) => {
      const words = changeWords(change);
      return words === '' ? [] : [{ mark: change.mark, words }];
    });
  return groupsIn(changes).map(({ mark, word, changes: those }) => ({
    mark,
    words: `${word}: ${whose(those)}`,
  }));
}

/** "uid 2, 1st to 3rd to join" */
export function whose(changes: RegionChange[]): string {
  return listLabels(changes.map(({ before, after }) => (after ?? before)?.label ?? ''));
}

/** "uid 2 moved from 0, 0 to 0.5, 0"; empty for what stays. */
function changeWords({ mark, before, after }: RegionChange): string {
  const at = (box: PlacedBox) => `${fraction(box.x)}, ${fraction(box.y)}`;
  const size = (box: PlacedBox) => `${fraction(box.width)} \u00d7 ${fraction(box.height)}`;
  if (!before) return after ? `${after.label} added at ${at(after)}, size ${size(after)}` : '';
  if (!after) return `${before.label} gone`;
  if (mark === 'same') return '';
  const moved = at(before) === at(after) ? '' : ` moved from ${at(before)} to ${at(after)}`;
  if (mark === 'moved') return `${after.label}${moved}`;
  if (mark === 'resized')
    return `${after.label} resized from ${size(before)} to ${size(after)}${moved === '' ? '' : ` and${moved}`}`;
  return `${after.label} ${MARKS[mark].word}`;
}
