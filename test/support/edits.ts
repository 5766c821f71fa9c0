import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { folder, recording, sid } from './cli.ts';
import { randomFrom } from './kill.ts';
import { until, watching } from './watching.ts';

/*
 * A daemon beside which many edits are made, as fast as the disk takes them: whatever it misses in between, every
 * recording must end at its last save, and neither memory nor open files may grow.
 */

const RECORDINGS = 40;

export interface EditFigures {
  edits: number;
  requests: number;
  /** Resident memory in MiB and open files, after a tenth of the edits and at the end. */
  memory: [number, number];
  files: [number, number];
}

export async function manyEdits(edits: number, seed: number): Promise<EditFigures> {
  const random = randomFrom(seed);
  const text = (n: number, edit: number) =>
    recording(
      `r${n}`,
      `layout: { backgroundColor: "#${edit.toString(16).padStart(6, '0').toUpperCase()}" }\n`,
    );
  const cwd = await folder(
    Object.fromEntries(Array.from({ length: RECORDINGS }, (_, n) => [`recordings/r${n}.yaml`, text(n, 0)])),
  );
  const w = await watching(cwd, ['--rate', '1000', '--resync', '0', '--log-level', 'error'], {
    sim: ['--rate', '0'],
    announced: false,
  });
  const pid = w.daemon.child.pid as number;
  const measure = async () => ({
    memory: Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    files: (await readdir(`/proc/${pid}/fd`)).length,
  });
  const last = new Map<number, number>();
  let early = { memory: 0, files: 0 };
  for (let edit = 1; edit <= edits; edit++) {
    const n = Math.floor(random() * RECORDINGS);
    const path = join(cwd, `recordings/r${n}.yaml`);
    if (random() < 0.5) await writeFile(path, text(n, edit));
    else {
      await writeFile(join(cwd, 'aside'), text(n, edit));
      await rename(join(cwd, 'aside'), path);
    }
    last.set(n, edit);
    if (edit === Math.ceil(edits / 10)) early = await measure();
  }
  await until(
    async () => {
      const there = new Map(
        (await w.sim.recordings()).map((each) => [
          String(each.sid),
          (each.layout as unknown as { backgroundColor: string } | null)?.backgroundColor,
        ]),
      );
      return [...last].every(
        ([n, edit]) => there.get(sid(`r${n}`)) === `#${edit.toString(16).padStart(6, '0').toUpperCase()}`,
      );
    },
    'every recording at its last save',
    60_000,
  );
  const late = await measure();
  const requests = (await w.sim.recordings()).reduce(
    (sum, each) => sum + (each.updates as unknown as { updateLayout: number }).updateLayout,
    0,
  );
  expect(await w.sim.violations()).toEqual([]);
  expect((await w.stop()).code).toBe(0);
  return { edits, requests, memory: [early.memory, late.memory], files: [early.files, late.files] };
}
