import { describe, expect, it } from 'vitest';
import { Fleet } from '../../src/apply/fleet.ts';
import { answered, bench, call, identity, OK, work } from '../support/engine.ts';

const REFUSED = answered(401, { message: 'Invalid authentication credentials' });

/** Two accounts, and what the service says to each. */
function two(says: { acme: () => typeof OK; globex: () => typeof OK }) {
  const acme = bench(() => says.acme());
  const globex = bench(() => says.globex());
  const accounts = new Map([
    ['app-acme', 'acme'],
    ['app-globex', 'globex'],
  ]);
  const fleet = new Fleet(
    [
      { name: 'acme', engine: acme.engine },
      { name: 'globex', engine: globex.engine },
    ],
    (appId) => accounts.get(appId),
  );
  const of = (appId: string, n: number, mark: string) => {
    const who = { ...identity(n), appId };
    const key = `${appId}/${who.resourceId}/${who.sid}`;
    return work(n, [call('updateLayout', mark)], { identity: who, key });
  };
  const advance = (ms: number) => Promise.all([acme.clock.advance(ms), globex.clock.advance(ms)]);
  return { acme, globex, fleet, of, advance };
}

describe('a fleet', () => {
  it('sends each call with the account of its App ID, and none without one', async () => {
    const { acme, globex, fleet, of, advance } = two({ acme: () => OK, globex: () => OK });
    fleet.submit(of('app-acme', 1, 'a'));
    fleet.submit(of('app-globex', 2, 'g'));
    fleet.submit(of('app-nowhere', 3, 'n'));
    const { key } = of('app-globex', 2, 'g');
    expect(fleet.isBusy(key)).toBe(true);
    expect(fleet.isBusy(of('app-nowhere', 3, 'n').key)).toBe(false);
    fleet.drop(of('app-nowhere', 3, 'n').key);
    await advance(5_000);
    expect(acme.sent.map(({ mark }) => mark)).toEqual(['a']);
    expect(globex.sent.map(({ mark }) => mark)).toEqual(['g']);
    expect(fleet.isBusy(key)).toBe(false);
    const asked = await fleet.observe({ ...identity(3), appId: 'app-nowhere' }, async () => OK);
    expect(asked).toBeUndefined();
  });

  it('is stopped when every account is, and tries one again alone', async () => {
    let isGood = false;
    const { acme, globex, fleet, of, advance } = two({
      acme: () => (isGood ? OK : REFUSED),
      globex: () => REFUSED,
    });
    fleet.submit(of('app-globex', 2, 'g'));
    await advance(1_000);
    expect(fleet.stopped).toBeUndefined();
    expect(fleet.loads().map(({ name, stopped }) => [name, stopped === undefined])).toEqual([
      ['acme', true],
      ['globex', false],
    ]);
    fleet.submit(of('app-acme', 1, 'a'));
    await advance(1_000);
    expect(fleet.stopped).toMatch(/^acme: .*; globex: /);
    isGood = true;
    fleet.resume('acme');
    fleet.submit(of('app-acme', 1, 'b'));
    await advance(5_000);
    expect(fleet.stopped).toBeUndefined();
    expect(acme.sent.map(({ mark }) => mark)).toEqual(['a', 'b']);
    expect(globex.sent).toHaveLength(1);
    expect(fleet.load()).toMatchObject({ rate: 20 });
  });
});
