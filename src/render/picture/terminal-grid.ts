import type { Rect } from './geometry.ts';

/** How a character is painted; the words are those of the style that is handed in. */
export type Paint = 'none' | 'dim' | 'cyan' | 'yellow' | 'bold';

interface Cell {
  character: string;
  paint: Paint;
}

/** Borders of a region: a whole line, and a broken one for what is not seen. */
const LINES = {
  whole: { h: '─', v: '│', corners: ['┌', '┐', '└', '┘'] },
  broken: { h: '╌', v: '╎', corners: ['┌', '┐', '└', '┘'] },
} as const;

/** A field of characters to draw on. Rectangles are in whole cells; what lies outside is left out. */
export class Grid {
  readonly width: number;
  readonly height: number;
  readonly #ground: string;
  readonly #cells: Cell[][];

  constructor(width: number, height: number, ground: string) {
    this.width = width;
    this.height = height;
    this.#ground = ground;
    this.#cells = Array.from({ length: height }, () =>
      Array.from({ length: width }, () => ({ character: ground, paint: 'dim' as Paint })),
    );
  }

  put(x: number, y: number, character: string, paint: Paint): void {
    const cell = this.#cells[y]?.[x];
    if (cell) Object.assign(cell, { character, paint });
  }

  fill(area: Rect, character: string, paint: Paint): void {
    for (let y = area.y; y < area.y + area.height; y += 1)
      for (let x = area.x; x < area.x + area.width; x += 1) this.put(x, y, character, paint);
  }

  /** Fills only what is blank or bare, so that borders stay. */
  hatch(area: Rect, character: string, paint: Paint): void {
    for (let y = area.y; y < area.y + area.height; y += 1)
      for (let x = area.x; x < area.x + area.width; x += 1) {
        const standing = this.#cells[y]?.[x]?.character;
        if (standing === ' ' || standing === this.#ground) this.put(x, y, character, paint);
      }
  }

  write(x: number, y: number, text: string, paint: Paint): void {
    for (const [index, character] of [...text].entries()) this.put(x + index, y, character, paint);
  }

  /** The border of a rectangle; one that is a single row or column becomes a bar. */
  border(area: Rect, kind: keyof typeof LINES, paint: Paint): void {
    const { h, v, corners } = LINES[kind];
    const [left, top] = [area.x, area.y];
    const [right, bottom] = [area.x + area.width - 1, area.y + area.height - 1];
    for (let x = left; x <= right; x += 1) for (const y of [top, bottom]) this.put(x, y, h, paint);
    for (let y = top; y <= bottom; y += 1) for (const x of [left, right]) this.put(x, y, v, paint);
    if (right === left || bottom === top) {
      if (bottom === top)
        for (const [x, end] of [
          [left, '╶'],
          [right, '╴'],
        ] as const)
          this.put(x, top, end, paint);
      return;
    }
    const places = [
      [left, top],
      [right, top],
      [left, bottom],
      [right, bottom],
    ] as const;
    for (const [index, [x, y]] of places.entries()) this.put(x, y, corners[index] ?? '', paint);
  }

  /** The rows as text; neighbours painted alike are painted together. */
  rows(paint: (text: string, paint: Paint) => string): string[] {
    return this.#cells.map((row) => {
      const runs: Cell[] = [];
      for (const cell of row) {
        const run = runs.at(-1);
        if (run?.paint === cell.paint) run.character += cell.character;
        else runs.push({ ...cell });
      }
      return runs.map((run) => paint(run.character, run.paint)).join('');
    });
  }
}
