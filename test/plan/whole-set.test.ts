import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownMap } from '../../src/model/known-map.ts';
import type { DesiredRecording, DesiredSet } from '../../src/model/recording.ts';
import {
  abandoned,
  type Desired,
  emptySet,
  everyName,
  isClaimed,
  planNames,
} from '../../src/plan/whole-set.ts';
import { emptyState } from '../../src/state/fold.ts';
import { fileOf } from '../support/daemon.ts';
import { applied, desiredOf, NOW, planOf } from '../support/planning.ts';

/*
 * The rules that look at all files: for one name they say what they say for all.
 */

const byNameOf = (set: DesiredSet): Desired => ({
  set,
  byName: new Map(set.recordings.map((recording) => [recording.name, recording])),
});

const NAMES = ['rec-1', 'rec-2', 'rec-3', 'rec-4'];

/** Files that claim some recordings by some names: from one set to the next they are renamed, replaced and gone. */
const files = fc
  .tuple(
    fc.shuffledSubarray([1, 2, 3, 4], { minLength: 2 }),
    fc.shuffledSubarray(NAMES, { minLength: 1 }),
    fc.array(
      fc.record({
        uid: fc.constantFrom('1', '2'),
        rest: fc.constantFrom('', '', '', '', '', '', 'suspend: true\n'),
      }),
      { minLength: 4, maxLength: 4 },
    ),
  )
  .map(([claimed, names, rest]) =>
    names.flatMap((name, index) => {
      const which = claimed[index];
      return which === undefined ? [] : [{ which, name, ...rest[index] }];
    }),
  );
type File = Parameters<typeof fileOf>[1] & { which: number };

async function desire(all: readonly File[], broken = false): Promise<Desired> {
  const texts = all.map(({ which, ...rest }, index) => [`${index}.yaml`, fileOf(which, rest)]);
  return byNameOf(
    await desiredOf(Object.fromEntries([...texts, ...(broken ? [['broken.yaml', 'name: [']] : [])])),
  );
}

/** What was applied when the files said all that, one after the other. */
async function known(history: readonly (readonly File[])[]) {
  const state = emptyState();
  for (const all of history) await applied(planOf((await desire(all)).set, state.known), state);
  return state.known;
}

describe('planning', () => {
  it('some names one by one is planning all of them, restricted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(files, { minLength: 1, maxLength: 3 }),
        files,
        fc.constantFrom(false, false, false, true),
        fc.subarray([...NAMES, 'nothing']),
        async (history, now, broken, names) => {
          const before = await known(history);
          const desired = await desire(now, broken);
          const all = [...planNames(desired, before, everyName(desired, before), { now: NOW })];
          for (const name of [...NAMES, 'nothing']) {
            const [alone] = planNames(desired, before, new Set([name]), { now: NOW });
            const among = all.find((one) => one.name === name);
            expect(alone).toEqual({ name, plans: among?.plans ?? [] });
          }
          const options = { allowEmpty: true };
          const whole = planOf(desired.set, before, options).recordings;
          expect(all.flatMap(({ plans }) => plans)).toEqual(whole);
          if (names.length > 0)
            expect(planOf(desired.set, before, { ...options, names }).recordings).toEqual(
              whole.filter(({ name }) => names.includes(name)),
            );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('forgets exactly what no document claims, unless something is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(files, { minLength: 1, maxLength: 3 }),
        files,
        fc.constantFrom(false, false, false, true),
        async (history, now, broken) => {
          const before = await known(history);
          const desired = await desire(now, broken);
          const plans = planOf(desired.set, before, { allowEmpty: true }).recordings;
          const left = plans.flatMap(({ action, key, supersedes, ...rest }) =>
            action === 'forget' ? [key as string] : rest.unresolved.length > 0 ? [] : supersedes,
          );
          const unclaimed = [...before.heads()]
            .map(({ key }) => key)
            .filter((key) => !isClaimed(key, desired));
          // A recording that is suspended forgets nothing, and replaces nothing.
          const kept = new Set(plans.filter(({ action }) => action === 'suspended').map(({ name }) => name));
          const expected = unclaimed.filter((key) => !kept.has(before.get(key)?.name as string));
          expect(new Set(left)).toEqual(new Set(desired.set.broken.length > 0 ? [] : expected));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of one name looks at no other document, where its own claims what is known by it', async () => {
    const all = [1, 2, 3].map((which) => ({ which, name: `rec-${which}`, uid: '1', rest: '' }));
    const before = await known([all]);
    const { set, byName } = await desire(all);
    class Asked extends Map<string, DesiredRecording> {
      all = 0;
      override values() {
        this.all += 1;
        return super.values();
      }
    }
    const asked = new Asked(byName);
    const desired = { set, byName: asked };
    expect([...planNames(desired, before, new Set(['rec-2']), { now: NOW })]).toMatchObject([
      { name: 'rec-2', plans: [{ action: 'no-op' }] },
    ]);
    expect(asked.all).toBe(0);
    asked.delete('rec-2');
    expect([...planNames(desired, before, new Set(['rec-2']), { now: NOW })]).toMatchObject([
      { name: 'rec-2', plans: [{ action: 'forget' }] },
    ]);
    expect(asked.all).toBe(1);
  });

  it('passes over a name that was taken out meanwhile', async () => {
    const desired = await desire([1, 2, 3].map((which) => ({ which, name: `rec-${which}` })));
    const names = new Set(desired.byName.keys());
    const planned: string[] = [];
    for (const { name } of planNames(desired, new KnownMap(), names, { now: NOW })) {
      planned.push(name);
      names.delete('rec-2');
    }
    expect(planned).toEqual(['rec-1', 'rec-3']);
  });
});

describe('what no document claims', () => {
  it.each([
    ['its own file', [{ which: 1, name: 'rec-1' }], false, []],
    ['a file of another name', [{ which: 1, name: 'other' }], false, []],
    ['no file', [], false, ['rec-1']],
    ['no file, while another is broken', [], true, []],
    ['no file, and its name is another recording', [{ which: 2, name: 'rec-1' }], false, ['rec-1']],
  ])('where the recording has %s', async (_, now, broken, names) => {
    const before = await known([[{ which: 1, name: 'rec-1' }]]);
    const found = abandoned(await desire(now, broken), before, new Set(['rec-1', 'other']));
    expect([...found.keys()]).toEqual(names);
  });
});

describe('an empty set', () => {
  it.each([
    [
      {},
      'no recording files in recordings, but 1 recording is known',
      'no recording files, but 1 recording is known',
    ],
    [
      { 'a.yaml': '# nothing\n' },
      'nothing but comments in the files of recordings, but 1 recording is known',
      'nothing but comments in the files, but 1 recording is known',
    ],
    [{ 'a.yaml': 'name: [' }, undefined, undefined],
    [{ 'a.yaml': fileOf(2) }, undefined, undefined],
  ])('%j', async (texts, plan, daemon) => {
    const set = await desiredOf(texts as Record<string, string>);
    const before = await known([[{ which: 1, name: 'rec-1' }]]);
    expect([emptySet(set, before, 'recordings'), emptySet(set, before)]).toEqual([plan, daemon]);
    expect(emptySet(set, new KnownMap())).toBeUndefined();
    const { diagnostics, recordings } = planOf(set, before);
    expect(diagnostics.some(({ code }) => code === 'empty-set')).toBe(plan !== undefined);
    if (plan) expect(recordings).toEqual([]);
  });
});
