import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { diagnosticsText, diagnosticText } from '../../src/render/diagnostics.ts';
import { styleFor } from '../../src/render/style.ts';

const PLAIN = styleFor(false);

/** A finding about the columns `from` up to, not including, `to` of a source line. */
function finding(
  source: string | undefined,
  from: number,
  to: number,
  extra: Partial<Diagnostic> = {},
): Diagnostic {
  return {
    severity: 'error',
    code: 'uid-format',
    summary: 'not a UID',
    range: {
      filename: 'recordings/a.yaml',
      start: { line: 14, column: from },
      end: { line: 14, column: to },
    },
    ...(source === undefined ? {} : { source }),
    ...extra,
  };
}

const text = (diagnostic: Diagnostic) => diagnosticText(diagnostic, PLAIN);
/** What stands on the screen below the caret line's carets, tabs at every eighth column. */
function pointedAt(diagnostic: Diagnostic): string {
  const [, source = '', carets = ''] = text(diagnostic).split('\n').map(expandTabs);
  return source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1);
}
function expandTabs(line: string): string {
  let wide = '';
  for (const character of line) wide += character === '\t' ? ' '.repeat(8 - (wide.length % 8)) : character;
  return wide;
}

describe('one diagnostic', () => {
  it('is where, what, the line with a caret, and the way out', () => {
    const diagnostic = finding('  uid: "abc"', 8, 13, { detail: 'Use digits.' });
    expect(text(diagnostic)).toBe(
      [
        'recordings/a.yaml:14:8: error[uid-format]: not a UID',
        '14 |   uid: "abc"',
        '   |        ^^^^^',
        '  Use digits.',
      ].join('\n'),
    );
  });

  it('is one line where there is no source and no way out', () => {
    expect(text(finding(undefined, 1, 2, { severity: 'warning' }))).toBe(
      'recordings/a.yaml:14:1: warning[uid-format]: not a UID',
    );
  });

  it.each([
    ['in spaces', '    uid: abc', 10, 13, 'abc'],
    ['behind tabs', '\t\tuid: abc', 8, 11, 'abc'],
    ['behind a tab in the middle', 'uid:\tabc', 6, 9, 'abc'],
    ['behind an escape', 'a: "\u001b" # abc', 10, 13, 'abc'],
    ['behind a tab and an escape', '\ta: "\u001b"\t# abc', 11, 14, 'abc'],
    ['at the beginning', 'abc: 5', 1, 4, 'abc'],
  ])('points at the place %s', (_, source, from, to, place) => {
    expect(pointedAt(finding(source, from, to))).toBe(place);
  });

  it('has one caret at least, and none behind the end of the line', () => {
    const carets = (diagnostic: Diagnostic) => text(diagnostic).split('\n')[2]?.replace(/[^^]/g, '');
    expect(carets(finding('abc', 2, 2))).toBe('^');
    expect(carets(finding('abc', 4, 4))).toBe('^');
    expect(carets(finding('', 1, 1))).toBe('^');
    expect(carets(finding('abc', 2, 99))).toBe('^^');
  });

  it('points to the end of the line where the place goes on below', () => {
    const diagnostic = finding('a: [1,', 4, 2);
    diagnostic.range.end.line = 16;
    expect(pointedAt(diagnostic)).toBe('[1,');
  });

  it('shows control characters of whatever it quotes as escapes, but for tabs', () => {
    const evil = '\u001b[2J\u0007\u202e';
    const diagnostic = finding(`\tuid: ${evil}`, 2, 5, { summary: `no ${evil}`, detail: `use\n${evil}` });
    diagnostic.range.filename = `recordings/${evil}.yaml`;
    const shown = text(diagnostic);
    expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(shown.split('\n')).toHaveLength(4);
    expect(shown).toContain('\\u001b[2J\\u0007\\u202e.yaml:14:2:');
  });

  it('paints errors red and warnings yellow, and says the same in words', () => {
    const style = styleFor(true);
    expect(diagnosticText(finding('abc', 1, 4), style)).toContain('\u001b[31merror[uid-format]:');
    expect(diagnosticText(finding('abc', 1, 4, { severity: 'warning' }), style)).toContain(
      '\u001b[33mwarning[uid-format]:',
    );
  });
});

describe('all diagnostics', () => {
  it('are nothing where there are none', () => {
    expect(diagnosticsText([], PLAIN)).toBe('');
  });

  it('end with their number', () => {
    const error = finding('abc', 1, 4);
    const warning = finding(undefined, 1, 4, { severity: 'warning' });
    const last = (...list: Diagnostic[]) => diagnosticsText(list, PLAIN).trimEnd().split('\n').at(-1);
    expect(last(error)).toBe('1 error');
    expect(last(error, error, warning)).toBe('2 errors, 1 warning');
    expect(last(warning, warning)).toBe('2 warnings');
    expect(diagnosticsText([error, warning], PLAIN)).toBe(
      `${text(error)}\n\n${text(warning)}\n\n1 error, 1 warning\n`,
    );
  });
});
