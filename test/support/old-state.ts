import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { JournalEvent } from '../../src/model/journal.ts';

/* The state folder as version 0.1 wrote it. */

export const OLD_KEY = '07'.repeat(32);

/** A line of JSON that ends in its checksum. */
export function oldLine(value: object): string {
  const text = JSON.stringify(value).slice(0, -1);
  return `${text},"crc":"${crc32(text).toString(16).padStart(8, '0')}"}\n`;
}

export function oldEntries(events: readonly JournalEvent[], from = 1, at = '2026-01-01T00:00:00.000Z') {
  return events.map((event, index) => ({ seq: from + index, at, ...event }));
}

/** @param files by name, as they are written beside the key */
export async function oldState(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries({ key: `${OLD_KEY}\n`, ...files }))
    await writeFile(join(folder, name), text, { mode: 0o600 });
}

/** A journal that begins behind an entry. */
export function oldJournal(events: readonly JournalEvent[], after = 0): string {
  const lines = oldEntries(events, after + 1).map(oldLine);
  return [oldLine({ reelstate: 'journal', version: 1, after }), ...lines].join('');
}
