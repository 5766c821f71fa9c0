import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it, beforeAll, afterAll } from 'vitest';
import { folder, recording, simulator, start } from '../support/cli.ts';
import { startServer, type Server } from '../support/postgres.ts';
import { until } from '../support/watching.ts';
let server: Server;
beforeAll(async () => { server = await startServer(); });
afterAll(async () => { await server.stop(); });
const layout = (n: number) => `layout: { backgroundColor: "#${n.toString(16).padStart(6, '0').toUpperCase()}" }\n`;
it.each(['folder', 'pg', 'folder', 'pg'])('rate %s', async (kind) => {
  const N = 150;
  const files: Record<string, string> = {};
  for (let n = 0; n < N; n++) files[`recordings/r${n}.yaml`] = recording(n, layout(0));
  const cwd = await folder(files);
  const sim = await simulator(cwd, ['--latency', '20-60']);
  const env = kind === 'pg' ? { ...server.env, REELSTATE_STATE: await server.address() } : {};
  const a = start(['watch', '--endpoint', sim.url, '--resync', '0'], { cwd, env });
  await until(async () => (await sim.requests()).length >= N, 'all', 60_000);
  const rs = (await sim.requests()).map((r) => r.mono).sort((x, y) => x - y);
  let worst = 0; let j = 0;
  for (let i = 0; i < rs.length; i++) { while (rs[i]! - rs[j]! >= 1000) j++; worst = Math.max(worst, i - j + 1); }
  console.log(kind, 'calls/s', ((N - 10) / ((rs.at(-1)! - rs[0]!) / 1000)).toFixed(2), 'worst', worst, 'withdrawn?', kind === 'pg' ? (await server.query('select count(*), max(seq) from reelstate.call'))[0] : '');
  a.child.kill('SIGTERM');
  await a.done;
});
