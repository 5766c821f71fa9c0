import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, put, run } from '../support/cli.ts';

/*
 * What several threads read is what one thread reads: with the built command, because only that has an entry for
 * them. The cache is left out, so that everything is read.
 */

const FIXTURES = new URL('../fixtures/diagnostics/', import.meta.url).pathname;

/** Enough files for several threads: every fixture several times, so that everything that can be wrong is among them. */
async function many(): Promise<{ cwd: string; files: Record<string, string> }> {
  const files: Record<string, string> = {};
  for (let copy = 0; copy < 3; copy++)
    for (const code of readdirSync(FIXTURES))
      for (const name of readdirSync(join(FIXTURES, code)).filter((file) => file.endsWith('.yaml')))
        files[`recordings/${copy}/${code}-${name}`] = readFileSync(join(FIXTURES, code, name), 'latin1');
  for (let index = 0; index < 300; index++)
    files[`recordings/room-${index}.yaml`] = `name: room-${index}
recording: { appId: a, cname: c${index}, uid: "1", resourceId: r, sid: s${index}, mode: mix }
layout: { mixedVideoLayout: bestFit, backgroundColor: "#00${String(index % 100).padStart(2, '0')}00" }
`;
  const cwd = await folder();
  await put(cwd, files);
  return { cwd, files };
}

test('files read by several threads say what each says by itself', async () => {
  const { cwd, files } = await many();
  expect(Object.keys(files).length).toBeGreaterThan(400);
  const all = await run(['plan', '--no-cache', '--json'], { cwd });
  expect(all.code).toBe(1);
  const together = JSON.parse(all.stdout);
  // Below a folder of their own there are too few for a second thread.
  const apart = await run(['plan', '--no-cache', '--json', '--dir', 'recordings/1'], { cwd });
  const alone = JSON.parse(apart.stdout);
  // What is wrong between files differs with the files; what is wrong within one does not.
  const within = ({ code }: { code: string }) => !code.startsWith('duplicate-');
  const found = together.diagnostics.filter(
    (diagnostic: { code: string; range: { filename: string } }) =>
      diagnostic.range.filename.startsWith('recordings/1/') && within(diagnostic),
  );
  expect(found).toEqual(alone.diagnostics.filter(within));
  const rooms = together.recordings.filter(({ name }: { name: string }) => name.startsWith('room-'));
  expect(rooms).toHaveLength(300);
  for (const { name, calls } of rooms.slice(0, 20)) {
    const shade = String(Number(name.slice(5)) % 100).padStart(2, '0');
    expect(calls[0].body.clientRequest.backgroundColor).toBe(`#00${shade}00`);
  }
  const again = await run(['plan', '--no-cache', '--json'], { cwd });
  expect({ ...JSON.parse(again.stdout), timestamp: '' }).toEqual({ ...together, timestamp: '' });
});
