import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ApplyEvent } from '../../src/model/work.ts';
import { diagnosticLine, eventLine, summaryLine } from '../../src/render/apply-json.ts';

const NOW = Date.parse('2026-01-02T03:04:05.006Z');
const EVIL = '"\n{}\u001b[2J\u2028';
const WHO = { key: 'k', name: 'a', endpoint: 'update' } as const;

/** The one object that a line holds. */
function parsed(line: string | undefined): Record<string, unknown> {
  expect(line).toMatch(/^[^\n]+\n$/);
  return JSON.parse(line as string);
}

describe('a line of apply --json', () => {
  it.each<[ApplyEvent, Record<string, unknown>]>([
    [
      { type: 'start', ...WHO, reason: 'changed' },
      { type: 'apply_start', '@level': 'info', recording: 'a', endpoint: 'update', reason: 'changed' },
    ],
    [
      { type: 'applied', ...WHO, status: 200, took: 1_234.5678 },
      { type: 'apply_complete', '@level': 'info', recording: 'a', status: 200, elapsed_seconds: 1.235 },
    ],
    [
      {
        type: 'applied',
        ...WHO,
        status: 200,
        took: 1,
        commit: { sha: 'abc', author: 'Ada', subject: 'Red' },
      },
      { type: 'apply_complete', commit: 'abc' },
    ],
    [
      { type: 'repeat', ...WHO, outcome: 'unknown', status: 503, message: 'busy', after: 1_500 },
      {
        type: 'apply_progress',
        '@level': 'warn',
        outcome: 'unknown',
        status: 503,
        reason: 'busy',
        retry_seconds: 1.5,
      },
    ],
    [
      { type: 'failed', ...WHO, outcome: 'refused', status: 400, message: 'no' },
      { type: 'apply_errored', '@level': 'error', outcome: 'refused', status: 400, reason: 'no' },
    ],
    [
      { type: 'failed', ...WHO, outcome: 'refused', status: 404, message: 'gone', ended: true },
      { type: 'apply_errored', ended: true },
    ],
    [
      { type: 'slowed', status: 429, hold: 2_000, rate: 5 },
      { type: 'rate_limited', '@level': 'warn', hold_seconds: 2, rate: 5 },
    ],
    [
      { type: 'stopped', message: 'wrong credentials' },
      { type: 'account_stopped', '@level': 'error', '@message': 'wrong credentials' },
    ],
  ])('%j', (event, expected) => {
    const line = parsed(eventLine(event, NOW));
    expect(line).toMatchObject({ '@timestamp': '2026-01-02T03:04:05.006Z', ...expected });
    expect(line['@message']).toEqual(expect.any(String));
  });

  it('has no status where there was no answer', () => {
    const line = parsed(eventLine({ type: 'failed', ...WHO, outcome: 'unknown', message: 'cut' }, NOW));
    expect(line).not.toHaveProperty('status');
    expect(line).not.toHaveProperty('ended');
  });

  it('is one line whatever is quoted', () => {
    const event: ApplyEvent = { type: 'failed', ...WHO, name: EVIL, outcome: 'refused', message: EVIL };
    const line = eventLine(event, NOW) as string;
    expect(parsed(line)).toMatchObject({ recording: EVIL, reason: EVIL });
    expect(line).not.toContain('\u001b');
  });

  it('of a diagnostic has its place in the message and the whole beside it, the source line left out', () => {
    const diagnostic: Diagnostic = {
      severity: 'warning',
      code: 'environment-unset',
      summary: 'KEY is not set',
      range: { filename: 'a.yaml', start: { line: 2, column: 3 }, end: { line: 2, column: 9 } },
      source: 'the source line',
    };
    const line = diagnosticLine(diagnostic, NOW);
    const { source: _, ...shown } = diagnostic;
    expect(parsed(line)).toMatchObject({
      type: 'diagnostic',
      '@level': 'warn',
      '@message': 'a.yaml:2:3: KEY is not set',
      diagnostic: shown,
    });
    expect(line).not.toContain('the source line');
    expect(parsed(diagnosticLine({ ...diagnostic, severity: 'error' }, NOW))['@level']).toBe('error');
  });
});

describe('the last line', () => {
  const applied = { ...WHO, result: 'applied' } as const;

  it('counts what was sent and not recorded, where there is any', () => {
    const sent = { ...applied, result: 'sent-not-recorded', outcome: 'unknown' } as const;
    expect(parsed(summaryLine({ calls: [sent], forgotten: [], held: [] }, NOW))).toMatchObject({
      '@level': 'error',
      '@message': '0 applied, 0 failed, 1 sent but not recorded, 0 not attempted, 0 held back, 0 forgotten',
      changes: { sent_not_recorded: 1, not_attempted: 0 },
      calls: [{ result: 'sent-not-recorded', outcome: 'unknown' }],
    });
  });

  it('is info where all is done', () => {
    expect(parsed(summaryLine({ calls: [applied], forgotten: ['g'], held: [] }, NOW))).toEqual({
      '@level': 'info',
      '@message': '1 applied, 0 failed, 0 not attempted, 0 held back, 1 forgotten',
      '@timestamp': '2026-01-02T03:04:05.006Z',
      type: 'change_summary',
      changes: { applied: 1, failed: 0, not_attempted: 0, held_back: 0, forgotten: 1 },
      calls: [{ recording: 'a', endpoint: 'update', result: 'applied' }],
      held_back: [],
    });
  });

  it('is an error where anything failed, was left or was held back, and says what', () => {
    const failed = {
      name: 'b',
      endpoint: 'updateLayout',
      result: 'failed',
      outcome: 'unknown',
      message: 'cut',
    } as const;
    const line = parsed(
      summaryLine({ calls: [applied, failed], forgotten: [], held: [], stopped: 'interrupted' }, NOW),
    );
    expect(line).toMatchObject({
      '@level': 'error',
      stopped: 'interrupted',
      calls: [
        { recording: 'a', result: 'applied' },
        { recording: 'b', endpoint: 'updateLayout', result: 'failed', outcome: 'unknown', reason: 'cut' },
      ],
    });
    const left = summaryLine({ calls: [{ ...WHO, result: 'not-attempted' }], forgotten: [], held: [] }, NOW);
    const held = summaryLine(
      { calls: [], forgotten: [], held: [{ name: 'c', message: 'KEY is not set' }] },
      NOW,
    );
    expect([parsed(left)['@level'], parsed(held)['@level']]).toEqual(['error', 'error']);
    expect(parsed(held)).toMatchObject({ held_back: [{ recording: 'c', reason: 'KEY is not set' }] });
  });
});
