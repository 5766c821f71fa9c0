import { describe, expect, test } from 'vitest';
import { type FaultRule, parseFaultRule, readFaultRule } from '../../src/simulator/fault-rule.ts';

describe('the text form of a rule', () => {
  test.each<[string, FaultRule]>([
    ['503', { answer: '503' }],
    ['503@0.1', { answer: '503', rate: 0.1 }],
    ['hang@sid=abc', { connection: 'hang', match: { sid: 'abc' } }],
    [
      '206@endpoint=updateLayout,nth=2,times=3,applied',
      { answer: '206', applied: true, match: { endpoint: 'updateLayout', nth: 2, times: 3 } },
    ],
    [
      'cut-after@name=town-hall,applied=false',
      { connection: 'cut-after', applied: false, match: { name: 'town-hall' } },
    ],
    ['429@retryAfter=2', { answer: '429', retryAfter: 2 }],
    ['400@reason=a=b@c', { answer: '400', reason: 'a=b@c' }],
    ['latency@100', { latency: 100 }],
    ['latency@50-200,endpoint=query', { latency: [50, 200], match: { endpoint: 'query' } }],
    ['500@latency=10-20,0.5', { answer: '500', latency: [10, 20], rate: 0.5 }],
    ['slow-body@dripMs=5,id=drip', { connection: 'slow-body', dripMs: 5, id: 'drip' }],
    ['failover@name=keynote,for=60000', { failover: { forMs: 60_000 }, match: { name: 'keynote' } }],
    ['latency@50-200,0.5', { latency: [50, 200], rate: 0.5 }],
    ['late@5000', { answer: '504', late: 5_000 }],
    ['late@1000-20000,0.1', { answer: '504', late: [1_000, 20_000], rate: 0.1 }],
    ['cut-after@late=10-20', { connection: 'cut-after', late: [10, 20] }],
    ['{"answer":503,"status":599}', { answer: '503', status: 599 }],
    ['{"failover":{"forMs":5,"sid":"x"}}', { failover: { forMs: 5, sid: 'x' } }],
  ])('%s', (source, rule) => {
    expect(parseFaultRule(source)).toEqual(rule);
  });

  test.each([
    ['nothing', 'fault "nothing" must be one of'],
    ['503@2', 'rate must be from 0 to 1'],
    ['503@often', 'rate'],
    ['503@nth=0', 'match.nth'],
    ['503@endpoint=updates', 'match.endpoint must be one of'],
    ['503@colour=red', 'condition "colour"'],
    ['latency', 'is missing'],
    ['latency@5-1', 'latency must be [from, to]'],
    ['latency@5,late=5', 'late is for an answer or a connection'],
    ['503@late=5,applied=false', 'late is for an answer or a connection'],
    ['late@5-1', 'late must be [from, to]'],
    ['failover', 'failover.forMs is missing'],
    ['{"answer":"503"', 'not valid JSON'],
    ['{"answer":"503","connection":"hang"}', 'only one of'],
    ['{"answer":"503","match":{"cname":"x"}}', 'match.cname'],
    ['{"failover":{"forMs":5,"sid":"x"},"match":{"nth":1}}', 'begins at once'],
  ])('%s is refused', (source, message) => {
    expect(() => parseFaultRule(source)).toThrow(message);
  });
});

test('a rule that was shown can be given again', () => {
  const rule = readFaultRule({ answer: '503', match: { sid: 'a', times: 1 }, rate: 0.5, latency: [1, 2] });
  expect(readFaultRule(JSON.parse(JSON.stringify(rule)))).toEqual(rule);
});
