import type { Style } from '../style.ts';
import { changeList } from './change-words.ts';
import { caption, pixels, regionTable } from './describe.ts';
import { canvasChanges, groupsIn, MARKS, type Mark, type RegionChange, regionChanges } from './difference.ts';
import { type Finding, findingsOf, hasSize, intersection } from './findings.ts';
import type { PlacedBox, Placement, Rect } from './geometry.ts';
import { placeLabel } from './labels.ts';
import { Grid, type Paint } from './terminal-grid.ts';
import { clip, fraction, plain, wrap } from './words.ts';

export interface TextOptions {
  /** Characters in a line. */
  columns: number;
  style: Style;
}

/** A character is about twice as high as it is wide. */
const CHARACTER_ASPECT = 2;
const MAX_ROWS = 40;
const BARE = '\u00b7';

/**
 * A layout for the terminal: heading, drawing, list of the regions, what is doubtful. Bare canvas is dotted, a
 * transparent region lets through what lies under it, an overlap is hatched.
 */
export function pictureText(placement: Placement, title: string, { columns, style }: TextOptions): string {
  const width = Math.max(columns, 24);
  const findings = findingsOf(placement);
  const [heading, ...rows] = regionTable(placement, width);
  const remark = (sign: string, words: string) =>
    wrap(words, width - 2).map((line, index) => `${index === 0 ? sign : ' '} ${line}`);
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const notes = [
    ...findings.filter(({ severity }) => severity === 'note').map(({ text }) => text),
    ...placement.notes,
  ];
  return [
    style.bold(clip(plain(title), width)),
    ...wrap(caption(placement), width).map((line) => style.dim(line)),
    ...drawing(placement, findings, width, style, ({ label }) => label).map((line) => line.trimEnd()),
    style.dim(heading),
    ...rows,
    ...warnings.flatMap(({ text }) => remark('!', text).map((line) => style.yellow(line))),
    ...notes.flatMap((text) => remark('-', text)),
  ].join('\n');
}

/**
 * Before and after next to each other, below them what happens to each region; with `brief` only what the signs in
 * the drawing mean, for where the rest is told anyway.
 */
export function sideBySide(
  before: Placement | undefined,
  after: Placement | undefined,
  { columns, style, brief = false }: TextOptions & { brief?: boolean },
): string {
  const width = Math.max(20, Math.floor((columns - 3) / 2));
  const changes = regionChanges(before, after);
  const half = (side: 'before' | 'after', placement: Placement | undefined) => {
    const head = clip(placement ? `${side}: ${placement.layout}` : side, width);
    return [
      style.dim(head.padEnd(width)),
      ...(placement ? halfDrawing(placement, changes, side, width, style) : missing(side, width, style)),
    ];
  };
  const [left, right] = [half('before', before), half('after', after)];
  const height = Math.max(left.length, right.length);
  const blank = ' '.repeat(width);
  const pairs = Array.from({ length: height }, (_, row) => {
    const between = row === Math.ceil(height / 2) ? ' \u2192 ' : '   ';
    return `${left[row] ?? blank}${between}${right[row] ?? ''}`.trimEnd();
  });
  const words = brief ? signLines(changes, columns, style) : changeLines(before, after, columns, style);
  return [...pairs, ...words].join('\n');
}

function signLines(changes: RegionChange[], columns: number, style: Style): string[] {
  const groups = groupsIn(changes).filter(({ mark }) => mark !== 'same');
  const words = groups.map(({ mark, word }) => `${MARKS[mark].sign} ${word}`).join(', ');
  return wrap(words, columns).map((line) => style.dim(line));
}

function halfDrawing(
  placement: Placement,
  changes: RegionChange[],
  side: 'before' | 'after',
  width: number,
  style: Style,
): string[] {
  const marks = new Map(
    changes.flatMap((change) => (change[side] ? [[change[side], change.mark] as const] : [])),
  );
  const name = (box: PlacedBox) => {
    const mark = marks.get(box) ?? 'same';
    return mark === 'same' ? box.label : `${MARKS[mark].sign} ${box.label}`;
  };
  return drawing(placement, findingsOf(placement), width, style, name);
}

function missing(side: 'before' | 'after', width: number, style: Style): string[] {
  return ['', clip(side === 'before' ? 'not known: nothing was applied yet' : 'no layout', width)].map(
    (line) => style.dim(line.padEnd(width)),
  );
}

function changeLines(
  before: Placement | undefined,
  after: Placement | undefined,
  columns: number,
  style: Style,
): string[] {
  const lines = changeList(before, after).flatMap(({ mark, words }) =>
    wrap(`${MARKS[mark].sign} ${words}`, columns).map((line) => paintMark(style, mark)(line)),
  );
  const canvas = canvasChanges(before, after).map((line) => `${MARKS.restyled.sign} ${plain(line)}`);
  return [...lines, ...canvas.map((line) => style.yellow(clip(line, columns)))];
}

function paintMark(style: Style, mark: Mark): (text: string) => string {
  if (mark === 'added') return style.green;
  if (mark === 'gone') return style.red;
  return mark === 'same' ? style.dim : style.yellow;
}

/** The rows of the drawing, each `columns` wide or, for a tall canvas, padded to it. */
export function drawing(
  placement: Placement,
  findings: Finding[],
  columns: number,
  style: Style,
  nameOf: (box: PlacedBox) => string,
): string[] {
  const { size, boxes } = placement;
  const rows = (width: number) =>
    Math.max(4, Math.round((width * size.height) / size.width / CHARACTER_ASPECT));
  const inner = columns - 2;
  const width =
    rows(inner) <= MAX_ROWS
      ? inner
      : Math.max(8, Math.round((MAX_ROWS * CHARACTER_ASPECT * size.width) / size.height));
  const grid = new Grid(width, Math.min(rows(width), MAX_ROWS), BARE);
  const sized = boxes.filter(hasSize);
  for (const box of sized) {
    const area = onGrid(box, grid);
    if (box.alpha === 1 && !box.empty) grid.fill(area, ' ', 'none');
    grid.border(area, box.empty || box.alpha === 0 ? 'broken' : 'whole', 'cyan');
  }
  for (const { area, regions, code } of findings) {
    if (!area) continue;
    grid.hatch(onGrid(area, grid), '\u2571', 'yellow');
    const hidden = boxes.find(({ z }) => code === 'hidden' && z === regions[0]);
    if (hidden) grid.border(onGrid(hidden, grid), 'broken', 'yellow');
  }
  for (const box of boxes.filter((each) => !hasSize(each))) {
    const { x, y } = onGrid({ ...box, width: 0, height: 0 }, grid);
    grid.put(Math.min(x, grid.width - 1), Math.min(y, grid.height - 1), '\u00d7', 'yellow');
  }
  writeLabels(placement, findings, grid, nameOf);
  const paint = (text: string, kind: Paint) => (kind === 'none' ? text : style[kind](text));
  return framed(grid, sized, columns, paint);
}

/** The frame of the canvas; where a region leaves it an arrow points outwards. */
function framed(
  grid: Grid,
  boxes: PlacedBox[],
  columns: number,
  paint: (text: string, kind: Paint) => string,
): string[] {
  const bar = '\u2550'.repeat(grid.width);
  const pad = ' '.repeat(columns - grid.width - 2);
  const leaves = (row: number, side: 'left' | 'right') =>
    boxes.some((box) => {
      const { y, height } = onGrid(box, grid);
      const out = side === 'left' ? box.x < -1e-6 : box.x + box.width > 1 + 1e-6;
      return out && row >= y && row < y + height;
    });
  const edge = (row: number, side: 'left' | 'right') =>
    leaves(row, side) ? paint(side === 'left' ? '\u25c0' : '\u25b6', 'yellow') : paint('\u2551', 'dim');
  return [
    paint(`\u2554${bar}\u2557`, 'dim') + pad,
    ...grid.rows(paint).map((line, row) => edge(row, 'left') + line + edge(row, 'right') + pad),
    paint(`\u255a${bar}\u255d`, 'dim') + pad,
  ];
}

function writeLabels(
  { boxes, size }: Placement,
  findings: Finding[],
  grid: Grid,
  nameOf: (box: PlacedBox) => string,
): void {
  const standing: Rect[] = [];
  const hatched = findings.flatMap(({ area }) => (area ? [onGrid(area, grid)] : []));
  const whole = { x: 0, y: 0, width: grid.width, height: grid.height };
  for (const box of boxes) {
    const warned = findings.some(
      ({ severity, regions }) => severity === 'warning' && regions.includes(box.z),
    );
    const area = hasSize(box) ? onGrid(box, grid) : undefined;
    if (!area) continue;
    const hidden = findings.some(({ code, regions }) => code === 'hidden' && regions[0] === box.z);
    const above = boxes
      .filter((other) => other.z > box.z && hasSize(other) && !hidden)
      .map((other) => onGrid(other, grid));
    const lines = linesOf(box, `${warned ? '!' : ''}${nameOf(box)}`, pixels(box, size));
    const step = { x: 1, y: 1 };
    const rooms = [shrink(area), { ...area, x: area.x + 1, width: area.width - 2 }];
    for (const each of rooms) {
      const room = intersection(each, whole);
      const taken = [...above, ...standing];
      const spot =
        room &&
        ((hidden ? undefined : placeLabel(room, [...taken, ...hatched], lines, step)) ??
          placeLabel(room, taken, lines, step));
      if (!spot) continue;
      for (const [row, line] of spot.content.entries())
        grid.write(spot.x, spot.y + row, line, row === 0 ? 'bold' : 'none');
      standing.push(spot);
      break;
    }
  }
}

function linesOf(box: PlacedBox, name: string, measures: string) {
  const alpha = box.alpha === 1 ? '' : ` alpha ${fraction(box.alpha)}`;
  const image = box.backgroundImage
    ? [box.backgroundImage.source === 'uid' ? 'own image' : 'default image']
    : [];
  const details = box.empty ? ['background'] : [measures, `${box.renderMode}${alpha}`, ...image];
  // Where it is very narrow the sign of a change stands right before the name.
  const short = name
    .replace('uid ', '')
    .replace(' to join', '')
    .replace(/ \(\w+\)$/, '');
  const narrow = short.replace(/^(\W) /, '$1');
  const variants = [
    [`#${box.z} ${name}`, ...details],
    [name, ...details.slice(1)],
    [name],
    [short],
    [narrow],
    [`#${box.z}`],
  ];
  return variants.map((content) => ({
    content,
    width: Math.max(...content.map((line) => [...line].length)),
    height: content.length,
  }));
}

/** A rectangle of the canvas in cells: neighbours share no cell, and none is narrower than one. */
function onGrid(box: Rect, grid: Grid): Rect {
  const x = Math.round(box.x * grid.width);
  const y = Math.round(box.y * grid.height);
  const width = Math.max(1, Math.round((box.x + box.width) * grid.width) - x);
  const height = Math.max(1, Math.round((box.y + box.height) * grid.height) - y);
  return { x: Math.min(x, grid.width - 1), y: Math.min(y, grid.height - 1), width, height };
}

/** What a border of one cell leaves. */
function shrink({ x, y, width, height }: Rect): Rect {
  return { x: x + 1, y: y + 1, width: Math.max(0, width - 2), height: Math.max(0, height - 2) };
}
