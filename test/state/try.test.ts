import { expect, it, beforeAll, afterAll } from 'vitest';
import { folder, recording, run, simulator } from '../support/cli.ts';
import { startServer, type Server } from '../support/postgres.ts';
let server: Server;
beforeAll(async () => { server = await startServer(); });
afterAll(() => server.stop());
it('applies', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
  const sim = await simulator(cwd);
  const state = await server.address();
  const env = { ...server.env, REELSTATE_STATE: state };
  console.log(await run(['plan'], { cwd, env }));
  const t=performance.now();
  console.log(await run(['apply', '--endpoint', sim.url], { cwd, env }));
  console.log('took', performance.now()-t);
  console.log(await server.query('select * from reelstate.lease'), await server.query('select * from reelstate.call'), await server.query('select * from reelstate.place order by slot limit 3'));
  console.log(await run(['plan', '--endpoint', sim.url], { cwd, env }), await run(['history'], { cwd, env }), await run(['status', '--endpoint', sim.url], { cwd, env }));
});
