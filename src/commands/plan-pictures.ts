import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure, usage } from '../model/failure.ts';
import type { Plan, RecordingPlan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import { COMMENT_LIMIT, SHORTEST_COMMENT } from '../render/comment.ts';
import { DEFAULT_USERS } from '../render/picture/geometry.ts';
import type { CanvasView } from '../render/plan-pictures.ts';
import { count, printable } from '../render/style.ts';
import { readCanvas } from './canvas.ts';
import { isSet, type RawOptions, textOf } from './settings.ts';
import { whyNotWritten, writeOver } from './write-file.ts';

/** Whether and where a plan's layouts are drawn, and how long it may get in a review. */
export interface PictureSettings {
  /** Within the text and the markdown; the page has its pictures always. */
  drawn: boolean;
  view: CanvasView;
  /** Where to write files, and what the links to them begin with. */
  files?: { dir: string; base: string };
  /** Characters that a comment may have. */
  commentLimit: number;
}

export const NO_PICTURES: PictureSettings = {
  drawn: false,
  view: { users: DEFAULT_USERS },
  commentLimit: COMMENT_LIMIT,
};

/** @throws Failure (64) naming the flag and what it takes */
export function readPictures(raw: RawOptions, io: Io): PictureSettings {
  const { users = DEFAULT_USERS, size } = readCanvas(raw, io);
  const dir = textOf('picturesDir', raw, io);
  const url = textOf('picturesUrl', raw, io);
  if (url !== undefined && dir === undefined)
    throw usage('--pictures-url says where the files of --pictures-dir DIR will be found: give both');
  return {
    drawn: isSet('pictures', raw, io),
    view: { users, size },
    commentLimit: commentLimitOf(textOf('commentLimit', raw, io)),
    ...(dir === undefined
      ? {}
      : { files: { dir: resolve(io.cwd, dir), base: url === undefined ? linkTo(dir) : addressOf(url) } }),
  };
}

/** @throws Failure (64) */
function commentLimitOf(text: string | undefined): number {
  if (text === undefined) return COMMENT_LIMIT;
  if (!/^\d{1,9}$/.test(text) || Number(text) < SHORTEST_COMMENT)
    throw usage(
      `--comment-limit ${JSON.stringify(text)}: must be a number of characters, at least ${SHORTEST_COMMENT}`,
    );
  return Number(text);
}

/** A folder as a link from the working directory. */
function linkTo(dir: string): string {
  const path = dir.replaceAll('\\', '/').replace(/\/+$/, '');
  return path.split('/').map(escapePart).join('/');
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash)
    throw usage(`--pictures-url ${JSON.stringify(text)}: must be an http or https address without a query`);
  return url.href.replace(/\/+$/, '').replace(/[()'!*]/g, escapeSign);
}

/** What would end a markdown link is escaped besides what an address does not allow. */
function escapePart(part: string): string {
  return encodeURIComponent(part).replace(/[()'!*]/g, escapeSign);
}

function escapeSign(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * Writes one SVG for each layout that is seen to change; what else is in the folder stays.
 * @returns the links to them
 * @throws Failure where the folder cannot be written
 */
export async function writePictures(
  plan: Plan,
  view: CanvasView,
  { dir, base }: { dir: string; base: string },
  io: Io,
): Promise<Map<RecordingPlan, string>> {
  const { linkedPictures, pictureFiles } = await import('../render/plan-pictures.ts');
  const pictures = pictureFiles(plan, view);
  try {
    await mkdir(dir, { recursive: true });
    for (const { file, svg } of pictures) await writeOver(join(dir, file), svg);
  } catch (cause) {
    const { path = dir } = cause as NodeJS.ErrnoException;
    throw new Failure(`cannot write pictures: ${printable(path)}: ${whyNotWritten(cause)}`, { cause });
  }
  await io.err(`Wrote ${count(pictures.length, 'picture')} to ${printable(dir)}.\n`);
  return linkedPictures(pictures, base);
}
