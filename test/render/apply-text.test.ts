import { describe, expect, it } from 'vitest';
import type { ApplyResult, CallResult } from '../../src/model/result.ts';
import { applyMarkdown, applyText, isComplete } from '../../src/render/apply-text.ts';
import { styleFor } from '../../src/render/style.ts';

const EVIL = '\u001b[2J\r\n\u202e';

function result(calls: CallResult[], extra: Partial<ApplyResult> = {}): ApplyResult {
  return { calls, forgotten: [], held: [], ...extra };
}

const APPLIED: CallResult = { name: 'a', endpoint: 'update', result: 'applied' };
const LEFT: CallResult = { name: 'b', endpoint: 'updateLayout', result: 'not-attempted' };
const REFUSED: CallResult = {
  name: 'c',
  endpoint: 'update',
  result: 'failed',
  outcome: 'refused',
  message: 'no (400)',
};
const UNSURE: CallResult = {
  name: 'd',
  endpoint: 'update',
  result: 'failed',
  outcome: 'unknown',
  message: 'no answer',
};

const text = (given: ApplyResult) => applyText(given, styleFor(false));

describe('the end of apply', () => {
  it('counts calls and recordings where all went well', () => {
    const both: CallResult[] = [APPLIED, { ...APPLIED, endpoint: 'updateLayout' }, { ...APPLIED, name: 'b' }];
    expect(text(result(both))).toBe('Apply: 3 calls for 2 recordings applied.\n');
    expect(text(result([APPLIED]))).toBe('Apply: 1 call for 1 recording applied.\n');
  });

  it('a hundred thousand that were not attempted are a list that somebody reads, and a count', () => {
    const left = Array.from({ length: 100_000 }, (_, n): CallResult => ({ ...LEFT, name: `room-${n}` }));
    const lines = text(result([APPLIED, ...left], { stopped: 'interrupted' })).split('\n');
    expect(lines.slice(201)).toEqual([
      '  . room-199  updateLayout',
      '  . and 99800 more; --json lists them all',
      'Apply: 1 call for 1 recording applied, 100000 not attempted.',
      '',
    ]);
  });

  it('says apart what was sent and not recorded', () => {
    const sent: CallResult = { ...LEFT, name: 's', result: 'sent-not-recorded', outcome: 'unknown' };
    expect(text(result([APPLIED, sent, LEFT], { stopped: 'the state cannot be written' }))).toBe(
      [
        'Stopped: the state cannot be written.',
        'Sent, but the answer could not be recorded (unknown: the next plan sends it again):',
        '  ? s  updateLayout',
        'Not attempted:',
        '  . b  updateLayout',
        'Apply: 1 call for 1 recording applied, 1 sent but not recorded, 1 not attempted.',
        '',
      ].join('\n'),
    );
    expect(isComplete(result([sent]))).toBe(false);
  });

  it('says what failed and why, what was held back, what was not attempted', () => {
    const given = result([APPLIED, REFUSED, UNSURE, LEFT], {
      held: [{ name: 'e', message: 'KEY is not set' }],
      forgotten: ['f', 'g'],
      stopped: 'interrupted',
    });
    expect(text(given)).toBe(
      [
        'Stopped: interrupted.',
        'Failed:',
        '  x c  update: no (400)',
        '  x d  update: no answer (the next plan sends it again)',
        'Held back:',
        '  x e: KEY is not set',
        'Not attempted:',
        '  . b  updateLayout',
        'Forgotten: f, g.',
        'Apply: 1 call for 1 recording applied, 2 failed, 1 recording held back, 1 not attempted.',
        '',
      ].join('\n'),
    );
  });

  it('never says less than happened: nothing applied is said as well', () => {
    expect(text(result([REFUSED]))).toContain('0 calls for 0 recordings applied, 1 failed.');
  });

  it('lets no control character of a name or a message through', () => {
    const given = result(
      [
        { ...REFUSED, name: EVIL, message: EVIL },
        { ...LEFT, name: EVIL },
      ],
      { held: [{ name: EVIL, message: EVIL }], forgotten: [EVIL], stopped: EVIL },
    );
    expect(text(given)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text(given).split('\n')).toHaveLength(10);
  });
});

describe('the end of apply for a review', () => {
  it('is one code block that nothing in it closes', () => {
    const markdown = applyMarkdown(result([{ ...REFUSED, message: '```\n````` <b> `x`' }]));
    expect(markdown.startsWith('```text\n')).toBe(true);
    expect(markdown.endsWith('\n```\n')).toBe(true);
    expect(markdown.match(/```/g)).toHaveLength(2);
    expect(markdown).not.toContain('\u001b');
  });
});

describe('whether all is done', () => {
  it.each<[string, ApplyResult, boolean]>([
    ['everything applied', result([APPLIED]), true],
    ['nothing to do', result([], { forgotten: ['a'] }), true],
    ['something failed', result([APPLIED, REFUSED]), false],
    ['something not attempted', result([APPLIED, LEFT]), false],
    ['something held back', result([APPLIED], { held: [{ name: 'e', message: '' }] }), false],
    ['stopped', result([], { stopped: 'interrupted' }), false],
  ])('%s', (_, given, complete) => {
    expect(isComplete(given)).toBe(complete);
  });
});
