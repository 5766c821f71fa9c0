import { describe, expect, it } from 'vitest';
import type { Call, KnownEndpoint, KnownRecording, Plan, RecordingPlan } from '../../src/model/plan.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import { type Overview, overviewOf } from '../../src/render/overview.ts';
import { blocksOf, conditionOf, statusJson, statusMarkdown, statusText } from '../../src/render/status.ts';
import { styleFor } from '../../src/render/style.ts';
import { identity } from '../support/engine.ts';

const NOW = Date.parse('2026-01-02T03:04:05.000Z');
const EVIL = '\u001b[2J\n| <b> `x` [l](u) *s* \\ \u202e';

function known(extra: Partial<KnownRecording> = {}): KnownRecording {
  const who = identity(1);
  return {
    key: recordingKey(who),
    name: 'town-hall',
    file: 'recordings/town-hall.yaml',
    identity: who,
    update: { unknown: [] },
    updateLayout: { unknown: [] },
    ...extra,
  };
}

/** An endpoint whose last call was applied so many seconds ago. */
function applied<Request>(request: Request, secondsAgo = 30): KnownEndpoint<Request> {
  const at = NOW - secondsAgo * 1_000;
  return { applied: { request, at, seq: 1 }, unknown: [], last: { outcome: 'applied', status: 200, at } };
}

const LAYOUT = applied({ mixedVideoLayout: 1 } as const);
const REFUSED: KnownEndpoint<never> = {
  unknown: [],
  last: { outcome: 'refused', status: 400, message: 'the service refuses the call (400): no', at: NOW },
};
const UNANSWERED: KnownRecording['update'] = {
  unknown: [{ request: { webRecordingConfig: { onhold: true } }, at: NOW - 5_000, seq: 2 }],
};

/** What is known, with nothing pending. */
const settled = (...recordings: KnownRecording[]): Overview => ({
  recordings: recordings.map((one) => ({ known: one, name: one.name, file: one.file, pending: null })),
  fresh: [],
  accountOf: () => undefined,
});
const text = (...recordings: KnownRecording[]) => statusText(settled(...recordings), styleFor(false), NOW);

describe('the condition', () => {
  it('is that of the worst endpoint', () => {
    expect(conditionOf(known({ updateLayout: LAYOUT }))).toBe('Ready');
    expect(conditionOf(known({ updateLayout: LAYOUT, update: REFUSED }))).toBe('Failed');
    expect(conditionOf(known({ updateLayout: REFUSED, update: UNANSWERED }))).toBe('Unknown');
    expect(conditionOf(known({ update: UNANSWERED, ended: NOW }))).toBe('Ended');
  });

  it('of an endpoint in doubt is unknown although its last call was applied', () => {
    expect(conditionOf(known({ updateLayout: { ...LAYOUT, unknown: [LAYOUT.applied as never] } }))).toBe(
      'Unknown',
    );
  });
});

describe('the blocks', () => {
  it('are those that were applied, assumed because they cannot be read back', () => {
    const update = applied({ webRecordingConfig: { onhold: true }, streamSubscribe: {} });
    expect(blocksOf(known({ update, updateLayout: LAYOUT }))).toEqual({
      subscriptions: 'assumed',
      onhold: 'assumed',
      layout: 'assumed',
    });
    expect(blocksOf(known())).toEqual({});
  });

  it('are unknown as far as their endpoint is, those that may have been applied included', () => {
    const update = { ...UNANSWERED, applied: { request: { streamSubscribe: {} }, at: NOW, seq: 1 } };
    expect(blocksOf(known({ update, updateLayout: LAYOUT }))).toEqual({
      subscriptions: 'unknown',
      onhold: 'unknown',
      layout: 'assumed',
    });
  });
});

describe('status as text', () => {
  it('says that nothing is known', () => {
    expect(text()).toBe('The state folder is empty: nothing was applied from here.\n');
  });

  it('is a line a recording, with what is wrong below', () => {
    const lines = text(
      known({ updateLayout: LAYOUT }),
      known({ name: 'b', update: REFUSED }),
      known({ name: 'c', update: UNANSWERED }),
    ).split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'town-hall  Ready    mix         applied 30 s ago: layout',
      'b          Failed   mix         never applied',
      '    update: the service refuses the call (400): no',
      'c          Unknown  mix         never applied: onhold (unknown)',
      '    update: sent 2026-01-02T03:04:00.000Z, and no answer was recorded; the next plan sends it again',
      '',
    ]);
    expect(lines[6]).toMatch(
      /^3 recordings: 1 Ready, 1 Failed, 1 Unknown\. What was applied is remembered, not/,
    );
  });

  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7_199, '120 min'],
    [7_200, '2 h'],
    [172_800, '2 days'],
  ])('%i s ago: %s', (seconds, span) => {
    expect(text(known({ updateLayout: applied({}, seconds) }))).toContain(`applied ${span} ago`);
  });

  it('counts from the later of the two endpoints', () => {
    expect(text(known({ update: applied({}, 60), updateLayout: applied({}, 10) }))).toContain(
      'applied 10 s ago',
    );
  });

  it('names the commit that asked for what was applied last', () => {
    const commit = { sha: '0123456789abcdef', author: 'Ada <ada@example.com>', subject: `Red ${EVIL}` };
    const updateLayout = applied({}, 10);
    Object.assign(updateLayout.applied ?? {}, { commit });
    const shown = text(known({ updateLayout }));
    expect(shown).toContain('\n    from 0123456789 Red ');
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(statusJson(settled(known({ updateLayout })))).toMatchObject({
      recordings: [{ updateLayout: { commit } }],
    });
  });

  it('lets no control character through', () => {
    const shown = text(
      known({ name: EVIL, update: { ...REFUSED, last: { outcome: 'refused', message: EVIL, at: NOW } } }),
    );
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(shown.split('\n')).toHaveLength(5);
  });
});

describe('status for programs and reviews', () => {
  it('in JSON has times in ISO 8601 and null for what is not known', () => {
    expect(statusJson(settled(known({ updateLayout: LAYOUT, update: UNANSWERED, ended: NOW })))).toEqual({
      format_version: '1.0',
      recordings: [
        {
          name: 'town-hall',
          file: 'recordings/town-hall.yaml',
          sid: 'sid-1',
          mode: 'mix',
          labels: {},
          condition: 'Ended',
          blocks: { onhold: 'unknown', layout: 'assumed' },
          update: { applied_at: null, commit: null, unknown_since: '2026-01-02T03:04:00.000Z', last: null },
          updateLayout: {
            applied_at: '2026-01-02T03:03:35.000Z',
            commit: null,
            unknown_since: null,
            last: { outcome: 'applied', status: 200, message: null, at: '2026-01-02T03:03:35.000Z' },
          },
          ended_at: '2026-01-02T03:04:05.000Z',
          pending: null,
        },
      ],
      never_applied: [],
      summary: { recordings: 1, conditions: { Ended: 1 }, pending: 0, never_applied: 0 },
    });
  });

  it('holds nothing of what was sent', () => {
    const update = applied({ storageConfig: { vendor: 1, bucket: 'the-bucket' } });
    for (const shown of [JSON.stringify(statusJson(settled(known({ update })))), text(known({ update }))])
      expect(shown).not.toContain('the-bucket');
  });

  it('in markdown is a table that no name breaks', () => {
    const lines = statusMarkdown(settled(known({ name: EVIL, updateLayout: LAYOUT }), known()))
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines.slice(0, 4)) expect(line.replace(/\\./g, '').match(/\|/g)).toHaveLength(6);
    expect(lines[2]?.replace(/\\./g, '')).not.toMatch(/[<>`*[\]]/);
    expect(lines[3]).toBe('| town-hall | Ready | mix |  |  |');
    expect(lines[5]).toBe('2 recordings: 2 Ready.');
  });
});

describe('what is pending', () => {
  const planned = (extra: Partial<RecordingPlan>): RecordingPlan => ({
    ...{
      name: 'town-hall',
      file: 'recordings/town-hall.yaml',
      action: 'no-op',
      key: recordingKey(identity(1)),
    },
    ...{ calls: [], whole: {}, notes: [], released: [], supersedes: [], unresolved: [] },
    ...extra,
  });
  const plan = (recordings: RecordingPlan[], errors: string[] = []) =>
    ({
      recordings,
      diagnostics: errors.map((filename) => ({ severity: 'error', range: { filename } })),
    }) as unknown as Plan;
  const change = (reason: 'changed' | 'reset') => ({ path: '', before: 1, after: 2, reason, subject: '' });
  const call = (reason: string, changes: object[] = []) =>
    ({ endpoint: 'updateLayout', reason, changes, request: {} }) as unknown as Call;
  const shown = (given: Plan | undefined, ...recordings: KnownRecording[]) =>
    statusText(overviewOf(recordings, given), styleFor(false), NOW);

  it.each<[string, Partial<RecordingPlan>, string]>([
    [
      'an edit',
      { action: 'update', calls: [call('changed', [change('changed'), change('reset')])] },
      'pending: updateLayout (2 changes, 1 of them back to the default)',
    ],
    [
      'a call without an answer',
      { action: 'update', calls: [call('outcome-unknown')] },
      'pending: updateLayout, sent again, because an earlier call may or may not have taken effect',
    ],
    ['a deleted file', { action: 'forget' }, 'pending: its file is gone, so it is forgotten'],
    ['a suspension', { action: 'suspended' }, 'pending: nothing, because its file suspends it'],
    [
      'a block that stays',
      { released: ['rtmp'], notes: ['rtmp stays'] },
      'pending: without any call; rtmp stays',
    ],
    [
      'another file',
      { file: 'recordings/x.yaml' },
      'pending: without any call, its new name and file are recorded',
    ],
  ])('is told of %s', (_, extra, told) => {
    const out = shown(plan([planned(extra)]), known({ updateLayout: LAYOUT }));
    expect(out).toContain(`\n    ${told}\n`);
    expect(out).toContain('1 recording: 1 Ready; 1 with something pending.');
  });

  it('is found by the new name of a file', () => {
    const overview = overviewOf([known({ updateLayout: LAYOUT })], plan([planned({ name: 'hall' })]));
    expect(statusText(overview, styleFor(false), NOW)).toMatch(
      /^hall +Ready .*\n {4}was town-hall when it was applied\n/,
    );
    expect(statusJson(overview)).toMatchObject({
      recordings: [{ name: 'hall', known_as: 'town-hall', pending: { action: 'renamed' } }],
    });
  });

  it('is not known of a file with an error, and of none that could be read', () => {
    const told = 'pending: not known, because its file cannot be used';
    expect(shown(plan([], ['recordings/town-hall.yaml']), known())).toContain(told);
    expect(shown(plan([], ['recordings/other.yaml']), known())).toContain(told);
    expect(shown(undefined, known())).toContain(told);
    expect(shown(plan([planned({})], ['recordings/other.yaml']), known())).not.toContain('pending');
  });

  it('is everything of what was never applied', () => {
    const fresh = planned({ name: 'a', key: 'other', action: 'create', mode: 'web', sid: 's' });
    const { key: _, ...waiting } = planned({
      name: 'b',
      action: 'waiting',
      notes: ['waiting for run/b.json'],
    });
    const overview = overviewOf([known({ updateLayout: LAYOUT })], plan([fresh, planned({}), waiting]));
    const lines = statusText(overview, styleFor(false), NOW).split('\n');
    expect(lines).toEqual([
      'town-hall  Ready    mix         applied 30 s ago: layout',
      'a          New      web         never applied: recordings/town-hall.yaml',
      'b          New                  never applied: recordings/town-hall.yaml',
      '    waiting for run/b.json',
      '',
      expect.stringMatching(/^3 recordings: 1 Ready, 2 never applied\. What was applied/),
      '',
    ]);
    expect(statusJson(overview)).toMatchObject({
      never_applied: [
        { name: 'a', sid: 's', mode: 'web', action: 'create' },
        { name: 'b', sid: null, mode: null, action: 'waiting' },
      ],
      summary: { recordings: 3, conditions: { Ready: 1 }, pending: 0, never_applied: 2 },
    });
    expect(statusMarkdown(overview)).toContain('\n| a | New | web |  | never applied |\n');
  });

  it('of a recording whose name another one has now is that it is forgotten', () => {
    const newer = planned({ key: 'other', action: 'create', supersedes: [recordingKey(identity(1))] });
    expect(shown(plan([newer]), known({ updateLayout: LAYOUT }))).toMatch(
      /pending: its file names another recording now, so it is forgotten\ntown-hall +New/,
    );
    const { key: _, ...waiting } = planned({ action: 'waiting', notes: ['waiting for run/b.json'] });
    expect(shown(plan([waiting]), known({ updateLayout: LAYOUT }))).toMatch(
      /pending: its file is there, and which recording it is about is not; waiting for run\/b\.json\n\n1 recording:/,
    );
  });
});
