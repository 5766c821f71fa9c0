import { describe, expect, it } from 'vitest';
import { Domains, originsFor, REGIONS } from '../../src/agora/domains.ts';
import { FakeClock } from '../support/clock.ts';

const REST = 30_000;

function domains(origins: string[] = ['one', 'two', 'three']) {
  const clock = new FakeClock();
  return { clock, domains: new Domains(origins, clock, REST) };
}

/** Picks, reports what came of it, and gives what was picked. */
function attempt(subject: Domains, answered: boolean): string {
  const origin = subject.pick();
  subject.report(origin, answered);
  return origin;
}

describe('the origins', () => {
  it('are the two public domains, over HTTPS', () => {
    expect(originsFor(undefined)).toEqual(['https://api.agora.io', 'https://api.sd-rtn.com']);
  });

  it("with a region: then its own names and the neighbour's, under both domains", () => {
    expect(originsFor('eu')).toEqual([
      'https://api.agora.io',
      'https://api.sd-rtn.com',
      'https://api-eu-west-1.agora.io',
      'https://api-eu-west-1.sd-rtn.com',
      'https://api-eu-central-1.agora.io',
      'https://api-eu-central-1.sd-rtn.com',
    ]);
    for (const region of Object.keys(REGIONS)) expect(originsFor(region)).toHaveLength(6);
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
    subject.report('one', true);
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
    subject.report('one', false);
    subject.report('one', false);
    expect(subject.pick()).toBe('two');
  });

  it('an only origin is used whatever happens', () => {
    const { domains: subject } = domains(['only']);
    for (let n = 0; n < 5; n++) expect(attempt(subject, false)).toBe('only');
  });
});
