import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { type CanvasSize, MAX_USERS } from '../render/picture/geometry.ts';
import { type RawOptions, textOf } from './settings.ts';

/** Larger than any canvas of the service, small enough to draw. */
const MAX_SIDE = 8192;

/**
 * What pictures are drawn with, by --users and --size.
 * @returns users: 1 to 17, undefined where it was not said; size: in pixels, undefined where it was not said
 * @throws Failure (64) naming the flag and what it takes
 */
export function readCanvas(
  raw: RawOptions,
  io: Io,
): { users: number | undefined; size: CanvasSize | undefined } {
  return { users: usersOf(textOf('users', raw, io)), size: sizeOf(textOf('size', raw, io)) };
}

function usersOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const users = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (users < 1 || users > MAX_USERS)
    throw usage(`--users ${JSON.stringify(text)}: must be a number from 1 to ${MAX_USERS}`);
  return users;
}

function sizeOf(text: string | undefined): CanvasSize | undefined {
  if (text === undefined) return undefined;
  const [, width, height] = (/^(\d{1,5})x(\d{1,5})$/i.exec(text) ?? []).map(Number);
  if (!isSide(width) || !isSide(height))
    throw usage(`--size ${JSON.stringify(text)}: must be WIDTHxHEIGHT in pixels, such as 1280x720`);
  return { width, height };
}

/** Whether something is the length of a side that can be drawn, in pixels. */
export function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_SIDE;
}
