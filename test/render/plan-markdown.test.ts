import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Call, Change, Plan, RecordingPlan } from '../../src/model/plan.ts';
import { escapeHtml, escapeMarkdown } from '../../src/render/markdown.ts';
import { diagnosticsMarkdown, planMarkdown } from '../../src/render/plan-markdown.ts';

/** Everything that means something to markdown, HTML, a table, a terminal or a review's own mentions. */
const EVIL =
  '<img src=x onerror=alert(1)> </details> | `x` **b** [l](http://e) @team #1 ~~s~~ &amp; \\ \n\n# h\u001b[2J';

function change(extra: Partial<Change> = {}): Change {
  return {
    path: '/storage/bucket',
    before: 'a',
    after: 'b',
    reason: 'changed',
    subject: 'bucket',
    ...extra,
  };
}

function recording(changes: Change[], extra: Partial<RecordingPlan> = {}): RecordingPlan {
  const call = { endpoint: 'update', reason: 'changed', changes, request: {} } as Call;
  return {
    name: 'town-hall',
    file: 'recordings/town-hall.yaml',
    action: 'update',
    calls: changes.length > 0 ? [call] : [],
    whole: {},
    notes: [],
    released: [],
    supersedes: [],
    unresolved: [],
    ...extra,
  };
}

function plan(recordings: RecordingPlan[], extra: Partial<Plan> = {}): Plan {
  const calls = recordings.flatMap((each) => each.calls).length;
  return {
    timestamp: '2026-01-02T03:04:05.000Z',
    applyable: true,
    recordings,
    summary: {
      recordings: recordings.length,
      to_create: 0,
      to_update: calls,
      unchanged: recordings.length - calls,
      to_forget: 0,
      calls: { update: calls, updateLayout: 0 },
      seconds_at_rate: calls / 10,
    },
    diagnostics: [],
    rate: 10,
    ...extra,
  };
}

function diagnostic(extra: Partial<Diagnostic> = {}): Diagnostic {
  return {
    severity: 'error',
    code: 'uid-format',
    summary: 'not a UID',
    range: { filename: 'recordings/a.yaml', start: { line: 2, column: 3 }, end: { line: 2, column: 4 } },
    ...extra,
  };
}

describe('a plan for a review', () => {
  it.each([
    [':smile: talk', '<code>:smile</code>: talk'],
    ['like a0123456789abc', 'like <code>a0123456789abc</code>'],
    ['recordings/a.yaml:2:3', 'recordings/a.yaml:2:3'],
    ['defaced 1234567', 'defaced 1234567'],
  ])('hosts find neither pictures nor commits in %j', (text, shown) => {
    expect(escapeHtml(text)).toBe(shown);
  });

  it('begins with the verdict and what it costs', () => {
    const [, first] = planMarkdown(plan([recording([change()])])).split('\n');
    expect(first).toBe(
      '**0 to create, 1 to change, 0 to forget, 0 unchanged.** 1 call (1 update), 0.1 s at 10 a second.',
    );
    expect(planMarkdown(plan([]))).toBe(
      '<!-- reelstate plan -->\n**0 to create, 0 to change, 0 to forget, 0 unchanged.**\n',
    );
    expect(planMarkdown(plan([], { applyable: false }))).toContain('**Cannot be applied as it stands. ');
  });

  it('says apart what goes back to its default', () => {
    const reset = change({
      path: '/layout/backgroundColor',
      subject: 'backgroundColor',
      before: '#FF0000',
      after: '#000000',
      reason: 'reset',
    });
    const markdown = planMarkdown(plan([recording([change(), reset])]));
    expect(markdown).toContain(
      'because the file no longer sets them:\n\n- town-hall: backgroundColor <code>"&#35;FF0000"</code> → <code>"&#35;000000"</code>\n',
    );
    expect(markdown).not.toContain('- town-hall: bucket');
    expect(planMarkdown(plan([recording([change()])]))).not.toContain('default');
  });

  it('folds what changes, and leaves out what does not unless there is something to say', () => {
    const markdown = planMarkdown(
      plan([
        recording([change()]),
        recording([], { name: 'quiet', action: 'no-op' }),
        recording([], { name: 'noted', action: 'no-op', notes: ['rtmp stays as it is'] }),
      ]),
    );
    expect(markdown.match(/<details>/g)).toHaveLength(2);
    expect(markdown).toContain('<b>town-hall</b>: update, 1 call (recordings/town-hall.yaml)');
    expect(markdown).toContain('| `~` | bucket | "a" → "b" |');
    expect(markdown).toContain('rtmp stays as it is');
    expect(markdown).not.toContain('quiet');
  });

  it('lists what is wrong with the files', () => {
    expect(planMarkdown(plan([], { diagnostics: [diagnostic()] }))).toContain(
      '\n- error `uid-format` recordings/a.yaml:2:3: not a UID\n',
    );
    expect(diagnosticsMarkdown([])).toBe('');
    expect(diagnosticsMarkdown([diagnostic(), diagnostic({ severity: 'warning' })]).split('\n')).toHaveLength(
      3,
    );
  });

  it('shows a name in the head of a fold as it is: there a backslash escapes nothing', () => {
    const markdown = planMarkdown(
      plan([recording([], { name: 'town_hall [1]', file: 'recordings/a_b.yaml' })]),
    );
    expect(markdown).toContain('<summary><b>town_hall [1]</b>: update (recordings/a_b.yaml)</summary>');
  });
});

describe('whatever a file holds', () => {
  const markdown = planMarkdown(
    plan(
      [
        recording(
          [
            change({ subject: EVIL, before: EVIL, after: [EVIL] }),
            change({ subject: EVIL, before: null, after: EVIL, reason: 'reset' }),
          ],
          { name: EVIL, file: `recordings/${EVIL}.yaml`, notes: [EVIL] },
        ),
      ],
      {
        diagnostics: [diagnostic({ summary: EVIL, range: { ...diagnostic().range, filename: EVIL } })],
      },
    ),
  );
  const lines = markdown.split('\n');

  it('adds no element, and closes none', () => {
    // Words that a host would read as its own are in code.
    expect(markdown.replace(/<code>([^<]*)<\/code>/g, '$1').match(/<[^>]*>/g)).toEqual([
      '<!-- reelstate plan -->',
      '<details>',
      '<summary>',
      '<b>',
      '</b>',
      '</summary>',
      '</details>',
    ]);
    expect(markdown).toContain('&lt;img src=x');
  });

  it('adds no line, and so no heading, list or table of its own', () => {
    expect(lines.filter((line) => /^\s*#/.test(line))).toEqual([]);
    expect(markdown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(lines.filter((line) => line.startsWith('<summary>'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('- '))).toHaveLength(2);
  });

  it('adds no cell to a row', () => {
    const rows = lines.filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row.replace(/\\./g, '').match(/\|/g)).toHaveLength(4);
  });

  it('is no markup: outside of our own code spans every mark is escaped', () => {
    const ours = lines.filter((line) => line.includes('img src') && !line.startsWith('<summary>'));
    expect(ours).toHaveLength(5);
    for (const line of ours)
      expect(
        line
          .replace(/\\./g, '')
          .replace(/`(?:[~+!-]|uid-format)`/g, '')
          .replace(/^\| \| |^\||\|$| \| /g, ''),
      ).not.toMatch(/[`*_[\]~@]/);
  });
});

describe('what hosts of reviews read as their own', () => {
  const NAME =
    '@octo-org/admins see #12, org/repo#3 !4 ~bug %1 $x$ GH-7 www.example.com http://x.example me@x.example';
  const shown = (markdown: string) => markdown.replace(/<code>[^<]*<\/code>/g, '');
  const markdown = planMarkdown(
    plan(
      [
        recording([change({ subject: NAME, before: NAME, after: null, reason: 'reset' })], {
          name: NAME,
          file: `recordings/${NAME}.yaml`,
          notes: [NAME],
        }),
      ],
      {
        diagnostics: [diagnostic({ summary: NAME, range: { ...diagnostic().range, filename: NAME } })],
        comparison: {
          ...{ from: NAME, fromDir: NAME, complete: false, notes: [NAME] },
          diagnostics: [diagnostic({ summary: NAME })],
        },
      },
    ),
  );

  it('is in code wherever it stands, and nothing else is', () => {
    expect(shown(markdown)).not.toMatch(/octo|#|GH-|www|http|@|[!~%]\w|\$x/);
    expect(markdown.match(/<code>&#64;octo-org\/admins<\/code> see <code>&#35;12<\/code>,/g)).toHaveLength(9);
    // Addresses are found in code, too.
    expect(markdown).not.toMatch(/@|http:|www\.|#(?!\d+;)/);
    expect(markdown).toContain('<summary><b><code>&#64;octo-org/admins</code> see <code>');
  });

  it('leaves what means nothing to them as it is', () => {
    expect(escapeMarkdown('town-hall: 5 & 6')).toBe('town-hall: 5 &amp; 6');
    expect(escapeHtml('town_hall [1]')).toBe('town_hall [1]');
    expect(escapeMarkdown('# a')).toBe('\\# a');
  });
});

describe('a plan from one commit to another', () => {
  const comparison = (complete: boolean) => ({
    from: 'main',
    fromDir: 'recordings',
    complete,
    notes: ['1 file of main cannot be used: what it describes is planned as new.'],
    diagnostics: [diagnostic()],
  });

  it('says before anything else what could not be compared', () => {
    const lines = planMarkdown(plan([], { comparison: comparison(false) })).split('\n');
    expect(lines.slice(1)).toEqual([
      '**Not all could be compared: see below. 0 to create, 0 to change, 0 to forget, 0 unchanged.**',
      '',
      '- 1 file of main cannot be used: what it describes is planned as new.',
      '- error `uid-format` recordings/a.yaml:2:3: not a UID',
      '',
    ]);
    expect(planMarkdown(plan([], { comparison: comparison(true) }))).not.toContain('Not all');
  });
});

describe('one comment', () => {
  const LIMIT = 65_536;
  const reset = (n: number) => change({ subject: `field-${n}`, before: 'x'.repeat(60), reason: 'reset' });

  it('can be found again', () => {
    expect(planMarkdown(plan([])).startsWith('<!-- reelstate plan -->\n')).toBe(true);
  });

  it('tells resets before anything else, and holds everything where there is room', () => {
    const markdown = planMarkdown(plan([recording([reset(1)]), recording([change()], { name: 'other' })]));
    expect(markdown.indexOf('go back to their defaults')).toBeLessThan(markdown.indexOf('<details>'));
    expect(markdown.match(/<details>/g)).toHaveLength(2);
    expect(markdown).not.toMatch(/left out/);
  });

  it.each([
    [
      'many recordings',
      plan(Array.from({ length: 3_000 }, (_, n) => recording([change()], { name: `rec-${n}` }))),
    ],
    [
      'many changes of one',
      plan([
        recording(Array.from({ length: 5_000 }, (_, n) => change({ subject: `s${n}` }))),
        recording([change()], { name: 'small' }),
      ]),
    ],
    [
      'many resets',
      plan(Array.from({ length: 2_000 }, (_, n) => recording([reset(n)], { name: `rec-${n}` }))),
    ],
    [
      'many problems',
      plan([recording([change()])], { diagnostics: Array.from({ length: 5_000 }, () => diagnostic()) }),
    ],
    [
      'names that grow when they are escaped',
      plan(Array.from({ length: 900 }, () => recording([change()], { name: EVIL.repeat(4) }))),
    ],
  ])('is never too long, and says what is left out: %s', (_, given) => {
    const markdown = planMarkdown(given);
    expect(markdown.length).toBeLessThan(LIMIT);
    expect(markdown).toMatch(/left out, because a comment holds no more|and \d+ more/);
    // No fold is cut in two.
    expect(markdown.match(/<details>/g)?.length ?? 0).toBe(markdown.match(/<\/details>/g)?.length ?? 0);
  });

  it.each([1_000, 1_500, 4_000, 32_768, 65_536, 150_000])(
    'fits into %i characters, the verdict first',
    (limit) => {
      const diagnostics = Array.from({ length: 3_000 }, () => diagnostic({ summary: EVIL }));
      const many = Array.from({ length: 3_000 }, (_, n) =>
        recording([reset(n), change({ before: EVIL })], { name: `@${EVIL}-${n}` }),
      );
      const notes = Array.from({ length: 50 }, () => EVIL);
      const comparison = { from: 'main', fromDir: 'x', complete: false, notes, diagnostics };
      const markdown = planMarkdown(
        plan(many, { diagnostics, comparison, applyable: false }),
        new Map(),
        limit,
      );
      expect(markdown.length).toBeLessThanOrEqual(limit);
      expect(markdown.split('\n')[1]).toMatch(/^\*\*Cannot be applied as it stands\. .*3000 to change/);
      expect(markdown).toMatch(
        /\d+ recordings left out, because a comment holds no more.*`reelstate plan` shows all\.\n$/,
      );
      expect(markdown.match(/- and \d+ more/g)).toHaveLength(3);
      expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
    },
  );

  it('what is large does not push out what is small; a picture goes before the rows do', () => {
    const large = recording(
      Array.from({ length: 5_000 }, (_, n) => change({ subject: `s${n}` })),
      { name: 'large' },
    );
    const small = recording([change()], { name: 'small' });
    const markdown = planMarkdown(plan([large, small]), new Map([[small, 'P'.repeat(70_000)]]));
    expect(markdown).toContain('<b>small</b>');
    expect(markdown).toMatch(/1 recording left out, because a comment holds no more: large\./);
    expect(markdown).not.toContain('PPP');
  });
});
