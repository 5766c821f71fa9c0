import { describe, expect, it } from 'vitest';
import { Domains, inOrder, originsFor, REGIONS, type Reached } from '../../src/agora/domains.ts';
import { FakeClock } from '../support/clock.ts';

const REST = 30_000;

function domains(origins: string[] = ['one', 'two', 'three']) {
  const clock = new FakeClock();
  return { clock, domains: new Domains(inOrder(origins), clock, REST) };
}

/** Picks, reports what came of it, and gives what was picked. */
function attempt(subject: Domains, reached: Reached | boolean): string {
  const origin = subject.pick();
  subject.report(origin, reached === true ? 'answered' : reached === false ? 'failed' : reached);
  return origin;
}

describe('the origins', () => {
  it('are the two public domains, over HTTPS', () => {
    const both = ['https://api.agora.io', 'https://api.sd-rtn.com'];
    expect(originsFor(undefined)).toEqual({ inTurn: both, onNetworkFailure: both });
  });

  it("with a region: then its own names and the neighbour's, under both domains", () => {
    expect(originsFor('eu').inTurn).toEqual([
      'https://api.agora.io',
      'https://api.sd-rtn.com',
      'https://api-eu-west-1.agora.io',
      'https://api-eu-west-1.sd-rtn.com',
      'https://api-eu-central-1.agora.io',
      'https://api-eu-central-1.sd-rtn.com',
    ]);
    for (const region of Object.keys(REGIONS)) {
      const { inTurn, onNetworkFailure } = originsFor(region);
      expect(inTurn).toHaveLength(6);
      expect(onNetworkFailure.toSorted()).toEqual(inTurn.toSorted());
      expect(onNetworkFailure[0]).toBe(inTurn[0]);
    }
  });

  it('in mainland China begin with the domain that is nearer there', () => {
    expect(originsFor('cn')).toEqual({
      inTurn: [
        'https://api.sd-rtn.com',
        'https://api.agora.io',
        'https://api-cn-east-1.sd-rtn.com',
        'https://api-cn-east-1.agora.io',
        'https://api-cn-north-1.sd-rtn.com',
        'https://api-cn-north-1.agora.io',
      ],
      onNetworkFailure: [
        'https://api.sd-rtn.com',
        'https://api-cn-east-1.sd-rtn.com',
        'https://api-cn-north-1.sd-rtn.com',
        'https://api.agora.io',
        'https://api-cn-east-1.agora.io',
        'https://api-cn-north-1.agora.io',
      ],
    });
  });
});

describe('which origin has its turn', () => {
  it('repeats a failure once where it was, then turns to the next', () => {
    const { domains: subject } = domains();
    expect([false, false, false, false, true, true].map((answered) => attempt(subject, answered))).toEqual([
      'one',
      'one',
      'two',
      'two',
      'three',
      'three',
    ]);
  });

  it('a single failure between answers moves nothing', () => {
    const { domains: subject } = domains();
    for (const answered of [false, true, false, true, false]) expect(attempt(subject, answered)).toBe('one');
  });

  it('the first one is tried by a single call after a rest, and has all again when it answers', async () => {
    const { clock, domains: subject } = domains();
    for (let n = 0; n < 2; n++) attempt(subject, false);
    await clock.advance(REST - 1);
    expect(attempt(subject, true)).toBe('two');
    await clock.advance(1);
    expect(subject.pick()).toBe('one');
    expect(subject.pick()).toBe('two');
    subject.report('one', 'answered');
    expect(subject.pick()).toBe('one');
  });

  it('a failed trial of the first one costs one call a rest, not two', async () => {
    const { clock, domains: subject } = domains();
    for (let n = 0; n < 2; n++) attempt(subject, false);
    await clock.advance(REST);
    expect([false, true, true].map((answered) => attempt(subject, answered))).toEqual(['one', 'two', 'two']);
    await clock.advance(REST);
    expect(attempt(subject, false)).toBe('one');
    expect(subject.pick()).toBe('two');
  });

  it('begins again with the first after the last', () => {
    const { domains: subject } = domains(['one', 'two']);
    const order = [1, 2, 3, 4, 5].map(() => attempt(subject, false));
    expect(order).toEqual(['one', 'one', 'two', 'two', 'one']);
  });

  it('a late failure of an origin that is not in use any more does not count', () => {
    const { domains: subject } = domains();
    for (let n = 0; n < 2; n++) attempt(subject, false);
    subject.report('one', 'failed');
    subject.report('one', 'failed');
    expect(subject.pick()).toBe('two');
  });

  it('an only origin is used whatever happens', () => {
    const { domains: subject } = domains(['only']);
    for (let n = 0; n < 5; n++) expect(attempt(subject, false)).toBe('only');
  });

  it.each<[string, Reached[], string[]]>([
    [
      'the network alone',
      ['network', 'network', 'network'],
      ['sd-rtn', 'cn-east-1 sd-rtn', 'cn-north-1 sd-rtn'],
    ],
    ['names alone', ['failed', 'failed', 'failed'], ['sd-rtn', 'agora', 'cn-east-1 sd-rtn']],
    [
      'first names, then the network',
      ['failed', 'network', 'network'],
      ['sd-rtn', 'agora', 'cn-east-1 sd-rtn'],
    ],
    [
      'first the network, then names',
      ['network', 'failed', 'network'],
      ['sd-rtn', 'cn-east-1 sd-rtn', 'agora'],
    ],
  ])('what fails says where to turn, and no origin has two turns: %s', (_, failures, expected) => {
    const subject = new Domains(originsFor('cn'), new FakeClock(), REST);
    const turns = failures.map((reached) => {
      const origin = attempt(subject, reached);
      expect(attempt(subject, reached)).toBe(origin);
      return origin
        .replace(/https:\/\/api-?/, '')
        .replace(/\.(io|com)$/, '')
        .replace('.', ' ')
        .trim();
    });
    expect(turns).toEqual(expected);
  });

  it('every origin has its turn before one has another', () => {
    const subject = new Domains(originsFor('us'), new FakeClock(), REST);
    const turns = Array.from({ length: 14 }, (_, n) => attempt(subject, n % 4 < 2 ? 'network' : 'failed'));
    expect(new Set(turns.slice(0, 12)).size).toBe(6);
    expect(turns[12]).toBe(turns[0]);
  });
});
