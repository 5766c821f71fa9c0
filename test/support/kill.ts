import { expect } from 'vitest';
import { folder, put, recording, run, simulator, start } from './cli.ts';
import { until } from './watching.ts';

/*
 * apply is killed with -9 at a random moment, again and again, each time on the way to another desired state.
 * After each kill the state must be readable; whatever was sent must be what the files said at that time; and
 * one undisturbed apply must bring every recording to what the files say.
 */

const NAMES = Array.from({ length: 6 }, (_, i) => `r${i}`);

/** A small generator with a seed (mulberry32), so that a run can be repeated. */
export function randomFrom(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function color(n: number): string {
  return `#${n.toString(16).padStart(6, '0').toUpperCase()}`;
}

export interface KillFigures {
  killed: number;
  /** Kills with at least one call without a recorded answer. */
  midCall: number;
  requests: number;
}

/**
 * @param runs how many kills there shall be; a run that ends before its kill is one more run
 * @param first number of the first run: some runs differ by it
 */
export async function killRuns(runs: number, seed: number, first = 1): Promise<KillFigures> {
  const random = randomFrom(seed);
  const files = (n: number) =>
    Object.fromEntries(
      NAMES.map((name) => [
        `recordings/${name}.yaml`,
        recording(
          name,
          `subscriptions:\n  audioUidList: { subscribeAudioUids: ["${n + 1}"] }\n  videoUidList: { subscribeVideoUids: ["1"] }\nlayout: { backgroundColor: "${color(n)}" }\n`,
        ),
      ]),
    );
  const cwd = await folder(files(0));
  const sim = await simulator(cwd, ['--rate', '0', '--latency', '2-25', '--seed', String(seed)]);
  const args = ['apply', '--rate', '1000', '--endpoint', sim.url];
  const figures: KillFigures = { killed: 0, midCall: 0, requests: 0 };
  for (let n = first; figures.killed < runs; n++) {
    await put(cwd, files(n));
    await sim.json('/_sim/requests', { method: 'DELETE' });
    const applying = start(args, { cwd });
    // Every other one among its calls, which come as soon as the machine lets them: the rest anywhere from its start.
    const amongCalls = n % 2 === 0;
    if (amongCalls)
      await until(
        async () => applying.child.exitCode !== null || (await sim.requests()).length > 0,
        'a call has come',
      );
    const timer = setTimeout(
      () => applying.child.kill('SIGKILL'),
      amongCalls ? random() * 40 : 80 + random() * 170,
    );
    const { signal, code, stderr } = await applying.done;
    clearTimeout(timer);
    if (signal === 'SIGKILL') figures.killed++;
    else expect({ code, stderr }).toMatchObject({ code: 0 });

    const planned = await run(['plan', '--json'], { cwd });
    expect({ code: planned.code, stderr: planned.stderr }).toEqual({ code: 0, stderr: '' });
    if (planned.stdout.includes('outcome-unknown')) figures.midCall++;
    // Now and then the file goes back to what it was before: a lost revert would show. Where a call was in flight,
    // apply then waits until it can no longer take effect, and sends once more.
    const back = n % 8 === 4;
    if (back) await put(cwd, files(n - 1));
    const goal = back ? n - 1 : n;
    const after = await run(args, { cwd });
    expect({
      code: after.code,
      stderr: after.stderr.replace(/^ {2}(ok .*|\.\. .* sent once more, .*)\n/gm, ''),
    }).toEqual({
      code: 0,
      stderr: '',
    });
    for (const each of await sim.recordings())
      expect(each).toMatchObject({
        layout: { backgroundColor: color(goal) },
        subscriptions: { audioUidList: { subscribeAudioUids: [String(goal + 1)] } },
      });
    const requests = await sim.requests();
    figures.requests += requests.length;
    for (const { body } of requests)
      expect(JSON.stringify(body.clientRequest)).toMatch(
        new RegExp(`"(${color(n)}|${color(goal)}|${n + 1}|${goal + 1})"`),
      );
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
  }
  expect(await sim.violations()).toEqual([]);
  await sim.stop();
  return figures;
}
