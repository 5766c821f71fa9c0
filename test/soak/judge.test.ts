import { describe, expect, it } from 'vitest';
import { sid } from '../support/cli.ts';
import { DOCS, type Doc, requestOf } from './chaos/documents.ts';
import { type Arrival, judge, tally } from './chaos/judge.ts';
import { Truth } from './chaos/truth.ts';

/* The judge itself: each law is broken once on purpose. */

const DOC = DOCS.get(sid('m0')) as Doc;
const T0 = 1_000_000_000_000;

/** Requests of m0, one every `apart` milliseconds, each answered after 5. */
function arrivals(
  versions: readonly number[],
  apart = 200,
  endpoint: 'update' | 'updateLayout' = 'update',
): Arrival[] {
  return versions.map((v, n) => ({
    n: n + 1,
    at: T0 + n * apart,
    mono: n * apart,
    done: n * apart + 5,
    sid: sid(DOC.name),
    endpoint,
    fault: null,
    body: { clientRequest: requestOf(DOC, endpoint, v) },
  }));
}

/** m0 with so many versions, and what its file said at which time after the first request. */
function truth(versions: number, moments: [number, Parameters<Truth['note']>[1]][] = []): Truth {
  const made = new Truth();
  for (let n = 0; n < versions; n++) made.next(DOC.name);
  for (const [after, condition] of moments) made.note(DOC.name, condition, T0 + after);
  return made;
}

const laws = (requests: Arrival[], said: Truth, kills: number[] = []) =>
  tally(judge(requests, said, kills).map(({ law }) => law));

const there = (v: number) => ({ is: 'there', v, suspended: false }) as const;

describe('the judge', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(laws(arrivals([1, 2, 3]), truth(3, [[-5_000, { is: 'flux' }]]))).toEqual({});
  });

  it('counts every second, also across its border', () => {
    const versions = Array.from({ length: 11 }, () => 1);
    const said = truth(1, [[-10_000, there(1)]]);
    expect(laws(arrivals(versions, 100), said)).toEqual({});
    expect(laws(arrivals(versions, 99.9), said)).toEqual({ rate: 1 });
  });

  it('sees overlaps, but for what a killed process has left behind', () => {
    const [one, two] = arrivals([1, 1]) as [Arrival, Arrival];
    const said = truth(1, [[-10_000, there(1)]]);
    for (const done of [null, two.mono + 1]) {
      expect(laws([{ ...one, done }, two], said)).toEqual({ overlap: 1 });
      expect(laws([{ ...one, done }, two], said, [T0 + 100])).toEqual({});
    }
  });

  it('sees an older version after a newer one', () => {
    expect(laws(arrivals([1, 3, 2]), truth(3, [[-5_000, { is: 'flux' }]]))).toEqual({ order: 1 });
  });

  it('sees what is torn, and what was never written', () => {
    const flux = (versions: number) => truth(versions, [[-5_000, { is: 'flux' }]]);
    const [whole] = arrivals([1], 0, 'updateLayout') as [Arrival];
    const request = (whole.body as { clientRequest: object }).clientRequest;
    const torn = { ...whole, body: { clientRequest: { ...request, layoutConfig: [] } } };
    expect(laws([torn], flux(1))).toEqual({ torn: 1 });
    expect(laws([{ ...whole, body: { clientRequest: {} } }], flux(1))).toEqual({ torn: 1 });
    expect(laws(arrivals([2]), flux(1))).toEqual({ torn: 1 });
  });

  it('sees calls for what is gone, left alone or replaced, after the time that a look takes', () => {
    for (const [after, count] of [
      [-4_900, 1],
      [-1_000, 0],
    ] as const) {
      const expected = (law: string) => (count ? { [law]: 1 } : {});
      expect(
        laws(
          arrivals([1]),
          truth(1, [
            [-9_000, there(1)],
            [after, { is: 'gone' }],
          ]),
        ),
      ).toEqual(expected('deleted'));
      const alone = { is: 'there', v: 2, suspended: true } as const;
      expect(
        laws(
          arrivals([1]),
          truth(2, [
            [-9_000, there(1)],
            [after, alone],
          ]),
        ),
      ).toEqual(expected('suspended'));
      expect(
        laws(
          arrivals([1]),
          truth(2, [
            [-9_000, there(1)],
            [after, there(2)],
          ]),
        ),
      ).toEqual(expected('stale'));
    }
  });
});
