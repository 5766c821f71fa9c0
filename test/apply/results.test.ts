import { describe, expect, it } from 'vitest';
import { Results } from '../../src/apply/results.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Plan, RecordingPlan } from '../../src/model/plan.ts';
import type { Endpoint } from '../../src/model/recording.ts';
import type { ApplyEvent } from '../../src/model/work.ts';
import { call } from '../support/engine.ts';

const START = { line: 1, column: 1 };
const unset: Diagnostic = {
  severity: 'warning',
  code: 'environment-unset',
  summary: 'KEY is not set',
  range: { filename: 'recordings/c.yaml', start: START, end: START },
};

function planned(name: string, endpoints: Endpoint[], extra: Partial<RecordingPlan> = {}): RecordingPlan {
  return {
    name,
    file: `recordings/${name}.yaml`,
    action: 'update',
    calls: endpoints.map((endpoint) => call(endpoint, 'x')),
    whole: {},
    notes: [],
    released: [],
    supersedes: [],
    unresolved: [],
    ...extra,
  };
}

function results(...recordings: RecordingPlan[]): Results {
  return new Results({ recordings } as Plan);
}

const applied = (name: string, endpoint: Endpoint): ApplyEvent => ({
  type: 'applied',
  key: 'k',
  name,
  endpoint,
  status: 200,
  took: 5,
});
const failed = (name: string, endpoint: Endpoint): ApplyEvent => ({
  type: 'failed',
  key: 'k',
  name,
  endpoint,
  outcome: 'refused',
  status: 400,
  message: 'no',
});
const started = (name: string, endpoint: Endpoint): ApplyEvent => ({
  type: 'start',
  key: 'k',
  name,
  endpoint,
  reason: 'changed',
});
const repeated = (name: string, endpoint: Endpoint): ApplyEvent => ({
  type: 'repeat',
  key: 'k',
  name,
  endpoint,
  outcome: 'unknown',
  message: 'no answer',
  after: 1_000,
});

describe('the results of a run', () => {
  it('name every planned call: applied, failed and why, not attempted', () => {
    const subject = results(planned('a', ['update', 'updateLayout']), planned('b', ['update']));
    subject.take(applied('a', 'update'));
    subject.take(failed('b', 'update'));
    expect(subject.finish().calls).toEqual([
      { name: 'a', endpoint: 'update', result: 'applied' },
      { name: 'a', endpoint: 'updateLayout', result: 'not-attempted' },
      { name: 'b', endpoint: 'update', result: 'failed', outcome: 'refused', message: 'no' },
    ]);
    expect(subject.counts()).toEqual({ planned: 3, applied: 1, failed: 1 });
  });

  it('a call that is being repeated has failed until it succeeds', () => {
    const subject = results(planned('a', ['update']));
    subject.take(repeated('a', 'update'));
    expect(subject.finish().calls).toEqual([
      { name: 'a', endpoint: 'update', result: 'failed', outcome: 'unknown', message: 'no answer' },
    ]);
    subject.take(applied('a', 'update'));
    expect(subject.finish().calls).toEqual([{ name: 'a', endpoint: 'update', result: 'applied' }]);
  });

  it('a call that was put back after it had started was not attempted', () => {
    const subject = results(planned('a', ['update']));
    subject.take(started('a', 'update'));
    subject.take({ type: 'slowed', status: 429, hold: 1_000, rate: 5 });
    expect(subject.finish().calls[0]?.result).toBe('not-attempted');
  });

  it('where answers cannot be written down, what had left is neither applied nor unattempted', () => {
    const subject = results(planned('a', ['update', 'updateLayout']), planned('b', ['update']));
    for (const [name, endpoint] of [
      ['a', 'update'],
      ['b', 'update'],
    ] as const)
      subject.take(started(name, endpoint));
    subject.take(applied('a', 'update'));
    expect(subject.finish('the state cannot be written', false)).toMatchObject({
      calls: [
        { name: 'a', endpoint: 'update', result: 'applied' },
        { name: 'a', endpoint: 'updateLayout', result: 'not-attempted' },
        { name: 'b', endpoint: 'update', result: 'sent-not-recorded', outcome: 'unknown' },
      ],
      stopped: 'the state cannot be written',
    });
  });

  it('what is held back is told with every reason, and its calls are not counted', () => {
    const twice = [unset, { ...unset, summary: 'SECRET is not set' }];
    const subject = results(planned('c', ['update'], { unresolved: twice }), planned('a', ['update']));
    expect(subject.finish().held).toEqual([{ name: 'c', message: 'KEY is not set; SECRET is not set' }]);
    expect(subject.counts().planned).toBe(1);
  });

  it('what is forgotten is told', () => {
    expect(results(planned('gone', [], { action: 'forget' }), planned('a', [])).finish().forgotten).toEqual([
      'gone',
    ]);
  });
});

describe('a run that ended before its end', () => {
  it('says why', () => {
    const subject = results(planned('a', ['update']));
    subject.take({ type: 'stopped', message: 'wrong credentials' });
    expect(subject.finish().stopped).toBe('wrong credentials');
    expect(subject.finish('interrupted').stopped).toBe('interrupted');
  });

  it('has not been interrupted where nothing was left to do', () => {
    const subject = results(planned('a', ['update']));
    subject.take(applied('a', 'update'));
    expect(subject.finish('interrupted')).not.toHaveProperty('stopped');
    expect(results().finish('interrupted')).not.toHaveProperty('stopped');
  });
});
