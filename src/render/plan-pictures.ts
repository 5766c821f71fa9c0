import type { Plan, RecordingPlan } from '../model/plan.ts';
import { COMMENT_LIMIT } from './comment.ts';
import { grouped } from './groups.ts';
import { escapeAlternative } from './markdown.ts';
import { describeChange } from './picture/change-words.ts';
import { canvasChanges, regionChanges } from './picture/difference.ts';
import { type CanvasSize, DEFAULT_SIZE, type Placement, placeLayout } from './picture/geometry.ts';
import { changeSvg } from './picture/svg-change.ts';
import { sideBySide } from './picture/terminal.ts';
import { clip } from './picture/words.ts';

import { type Style, styleFor } from './style.ts';

/** What the layouts are drawn on. */
export interface CanvasView {
  /** How many users a predefined layout is shown with, 1 to 17. */
  users: number;
  /** Of all; left out: each recording's own, else 1280 × 720. */
  size?: CanvasSize | undefined;
}

/** A layout as it was last applied and as it will be. */
export interface LayoutChange {
  /** undefined: nothing is known of what was there. */
  before: Placement | undefined;
  after: Placement;
}

/** What a picture can show of a recording's plan; undefined where nothing of it would be seen. */
export function layoutChange(
  { calls, canvas }: Pick<RecordingPlan, 'calls' | 'canvas'>,
  { users, size = canvas ?? DEFAULT_SIZE }: CanvasView,
): LayoutChange | undefined {
  const call = calls.find((each) => each.endpoint === 'updateLayout');
  if (!call) return undefined;
  const { seats } = call;
  // Who sat there before is known by UID alone.
  const before = call.before && placeLayout(call.before, users, size, seats && { ...seats, regions: {} });
  const after = placeLayout(call.request, users, size, seats);
  const seen =
    !before ||
    canvasChanges(before, after).length > 0 ||
    regionChanges(before, after).some(({ mark }) => mark !== 'same');
  return seen ? { before, after } : undefined;
}

/** Room for the signs of a row before a drawing in a plan. */
const INDENT = '      ';

/** Before and after as lines for the terminal, under the rows of the plan; none where nothing would be seen. */
export function changeLines(
  recording: Pick<RecordingPlan, 'calls' | 'canvas'>,
  view: CanvasView,
  { columns, style }: { columns: number; style: Style },
): string[] {
  const change = layoutChange(recording, view);
  if (!change) return [];
  const options = { columns: columns - INDENT.length, style, brief: true };
  return sideBySide(change.before, change.after, options)
    .split('\n')
    .map((line) => `${INDENT}${line}`.trimEnd());
}

/** One picture as a file. */
export interface PictureFile {
  recording: RecordingPlan;
  /** Letters, digits, dots, hyphens and underscores only, ending in ".svg"; no two are alike on any disk. */
  file: string;
  svg: string;
  /** The change in words. */
  words: string;
}

/** One SVG for each layout that is seen to change. */
export function pictureFiles({ recordings }: Pick<Plan, 'recordings'>, view: CanvasView): PictureFile[] {
  const taken = new Set<string>();
  return recordings.flatMap((recording): PictureFile[] => {
    const change = layoutChange(recording, view);
    if (!change) return [];
    const { before, after } = change;
    return [
      {
        recording,
        file: fileFor(recording.name, taken),
        svg: changeSvg(before, after, { title: recording.name }),
        words: `Layout of ${recording.name}, before and after. ${describeChange(before, after)}`,
      },
    ];
  });
}

function fileFor(name: string, taken: Set<string>): string {
  const stem = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'recording';
  for (let copy = 1; ; copy += 1) {
    const file = `${stem}${copy === 1 ? '' : `-${copy}`}.svg`;
    // Some file systems do not tell upper from lower case.
    if (taken.has(file.toLowerCase())) continue;
    taken.add(file.toLowerCase());
    return file;
  }
}

/** Alternative texts are cut at this length, in characters. */
const ALT = 300;

/**
 * Links to pictures, as markdown for each recording. A review cannot hold the drawing itself: GitHub and GitLab
 * take inline SVG and data addresses out of comments.
 * @param base what comes before the file's name: an address or a path, already escaped, without a slash at its end
 */
export function linkedPictures(files: readonly PictureFile[], base: string): Map<RecordingPlan, string> {
  return new Map(
    files.map(({ recording, file, words }) => [
      recording,
      `![${escapeAlternative(clip(words, ALT))}](${base}/${file})`,
    ]),
  );
}

/** What drawings may take of a review's comment: the rows need most of it. */
const DRAWN = 0.36;
const COMMENT_COLUMNS = 80;

/**
 * Drawings made of characters, as markdown for each recording, as many as a comment has room for.
 * @param limit characters that a comment may have
 */
export function drawnPictures(
  { recordings }: Pick<Plan, 'recordings'>,
  view: CanvasView,
  limit = COMMENT_LIMIT,
): Map<RecordingPlan, string> {
  const pictures = new Map<RecordingPlan, string>();
  let left = limit * DRAWN;
  const all = grouped({ recordings });
  const isFirst = (recording: RecordingPlan) =>
    all.groups.some(({ recordings: [first] }) => first === recording);
  for (const recording of recordings) {
    const isUndrawn = all.isSaid(recording) && !isFirst(recording);
    const change = isUndrawn ? undefined : layoutChange(recording, view);
    if (!change) continue;
    const options = { columns: COMMENT_COLUMNS, style: styleFor(false), brief: true };
    const fenced = ['```text', sideBySide(change.before, change.after, options), '```'].join('\n');
    left -= fenced.length;
    pictures.set(
      recording,
      left < 0 ? 'Not drawn: there is no room for so many. `--output html` has them all.' : fenced,
    );
  }
  return pictures;
}
