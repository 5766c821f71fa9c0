import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { canonicalText, comparable } from '../../src/plan/comparable.ts';
import { patchOf } from '../../src/render/patch.ts';
import { planJson } from '../../src/render/plan-json.ts';
import { emptyState } from '../../src/state/fold.ts';
import { applied, desiredOf, planOf } from '../support/planning.ts';

/*
 * The laws of planning, over recordings of all modes that a file could ask for.
 */

const uids = fc.uniqueArray(fc.integer({ min: 1, max: 4_294_967_295 }).map(String), {
  minLength: 1,
  maxLength: 5,
});
const audio = fc.oneof(
  fc.record({ subscribeAudioUids: uids }),
  fc.record({ unSubscribeAudioUids: uids }),
  fc.constant({ subscribeAudioUids: ['#allstream#'] }),
);
const video = fc.oneof(
  fc.record({ subscribeVideoUids: uids }),
  fc.record({ unsubscribeVideoUids: uids }),
  fc.constant({ subscribeVideoUids: ['#allstream#'] }),
);
const subscriptions = fc.record({ audioUidList: audio, videoUidList: video }, { requiredKeys: [] });
const thousandth = (max: number) => fc.integer({ min: 0, max }).map((n) => n / 1000);
const region = fc.record(
  {
    x_axis: thousandth(500),
    y_axis: thousandth(500),
    width: thousandth(500),
    height: thousandth(500),
    alpha: thousandth(1000),
    render_mode: fc.constantFrom('crop', 'fit', 0, 1),
    uid: fc.integer({ min: 1, max: 40 }),
  },
  { requiredKeys: ['x_axis', 'y_axis', 'width', 'height'] },
);
const color = fc.stringMatching(/^#[0-9a-fA-F]{6}$/);
const layout = fc.oneof(
  fc.record(
    { mixedVideoLayout: fc.constantFrom('floating', 'bestFit', 0, 1), backgroundColor: color },
    { requiredKeys: [] },
  ),
  fc.record({
    mixedVideoLayout: fc.constant('custom'),
    layoutConfig: fc.uniqueArray(region, { minLength: 1, maxLength: 6, selector: ({ uid }) => uid ?? {} }),
  }),
);
const secret = fc.constantFrom({ fromEnv: 'A' }, { fromEnv: 'B' });
const storage = fc.record({
  vendor: fc.constantFrom('s3', 1),
  region: fc.constantFrom('EU_WEST_1', 4, 8),
  bucket: fc.constantFrom('b', 'c'),
  accessKey: secret,
  secretKey: secret,
});
const blocks = fc.oneof(
  fc.record({ mode: fc.constant('mix'), subscriptions, layout, storage }, { requiredKeys: ['mode'] }),
  fc.record({ mode: fc.constant('individual'), subscriptions, storage }, { requiredKeys: ['mode'] }),
  fc.record(
    {
      mode: fc.constant('web'),
      onhold: fc.boolean(),
      rtmp: fc.constantFrom(
        { outputs: [{ rtmpUrl: { fromEnv: 'U' } }] },
        { outputs: [{ rtmpUrl: { fromEnv: 'V' } }] },
      ),
      storage,
    },
    { requiredKeys: ['mode'] },
  ),
);
type File = { mode: string } & Record<string, unknown>;

const ENV = { A: 'secret-a', B: 'secret-b', U: 'rtmp://h/live/uuuu', V: 'rtmp://h/live/vvvv' };

/** One file a recording; the mode is part of the name, because a recording never changes its mode. */
function texts(files: readonly File[]): Record<string, string> {
  return Object.fromEntries(
    files.map(({ mode, ...rest }, i) => [
      `${i}-${mode}.yaml`,
      stringify({
        recording: { appId: 'app', cname: 'c', uid: '1', resourceId: `r${i}`, sid: `s-${i}-${mode}`, mode },
        ...rest,
      }),
    ]),
  );
}

const desire = (files: readonly File[]) => desiredOf(texts(files), ENV);
const some = fc.array(blocks as fc.Arbitrary<File>, { minLength: 1, maxLength: 4 });
const changes = ({ summary }: { summary: { to_create: number; to_update: number; to_forget: number } }) =>
  summary.to_create + summary.to_update + summary.to_forget;

describe('the laws of planning', () => {
  it('what is generated is what files may say', async () => {
    await fc.assert(
      fc.asyncProperty(some, async (files) => {
        const { diagnostics } = await desire(files);
        expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      }),
    );
  });

  it('a plan after apply is empty, from whatever was applied before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 3 }), async (history) => {
        const state = emptyState();
        for (const files of history) {
          const desired = await desire(files);
          await applied(planOf(desired, state.known), state);
          const again = planOf(desired, state.known);
          expect(changes(again)).toBe(0);
          expect(again.summary.calls).toEqual({ update: 0, updateLayout: 0 });
        }
      }),
    );
  });

  it('planning is pure: twice gives the same bytes, and changes neither side', async () => {
    await fc.assert(
      fc.asyncProperty(some, some, async (before, after) => {
        const state = emptyState();
        await applied(planOf(await desire(before), state.known), state);
        const desired = await desire(after);
        const sides = JSON.stringify([desired, [...state.known.values()]]);
        const once = JSON.stringify(planJson(planOf(desired, state.known)));
        expect(JSON.stringify(planJson(planOf(desired, state.known)))).toBe(once);
        expect(JSON.stringify([desired, [...state.known.values()]])).toBe(sides);
      }),
    );
  });

  it('comparing what is comparable already changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(some, async (files) => {
        for (const { calls } of planOf(await desire(files)).recordings)
          for (const { endpoint, request } of calls) {
            const once = comparable(endpoint, request);
            expect(comparable(endpoint, once)).toEqual(once);
            expect(canonicalText(endpoint, once)).toBe(canonicalText(endpoint, request));
          }
      }),
    );
  });

  it('whatever the order of two edits, the end is the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocks as fc.Arbitrary<File>,
        blocks as fc.Arbitrary<File>,
        some,
        async (one, two, start) => {
          const inForce = async (...edits: File[][]) => {
            const state = emptyState();
            for (const files of edits) await applied(planOf(await desire(files), state.known), state);
            return [...state.known.values()]
              .map(({ key, update, updateLayout }) => [
                key,
                update.applied && canonicalText('update', update.applied.request),
                updateLayout.applied && canonicalText('updateLayout', updateLayout.applied.request),
              ])
              .sort();
          };
          // Two recordings behind those that stay; each edit adds blocks, so no history shows in the end.
          const bare = (file: File) => ({ mode: file.mode });
          const stays = start.slice(0, 2);
          const both = [...stays, one, two];
          const first = await inForce([...stays, bare(one), bare(two)], [...stays, one, bare(two)], both);
          expect(await inForce([...stays, bare(one), bare(two)], [...stays, bare(one), two], both)).toEqual(
            first,
          );
          expect(await inForce(both)).toEqual(first);
        },
      ),
    );
  });

  it("a recording's calls do not depend on another's", async () => {
    await fc.assert(
      fc.asyncProperty(some, some, async (before, after) => {
        const state = emptyState();
        await applied(planOf(await desire(before), state.known), state);
        const all = planOf(await desire(after), state.known).recordings.filter(
          ({ action }) => action !== 'forget',
        );
        for (const [i, file] of after.entries()) {
          const name = `${i}-${file.mode}`;
          const alone = { [`${name}.yaml`]: texts(after)[`${name}.yaml`] as string };
          const single = planOf(await desiredOf(alone, ENV), state.known).recordings.find(
            (recording) => recording.name === name,
          );
          expect(single?.calls).toEqual(all.find((recording) => recording.name === name)?.calls);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('rows and calls go together: a call that says changed has rows, and no row stands without one', async () => {
    await fc.assert(
      fc.asyncProperty(some, some, async (before, after) => {
        const state = emptyState();
        await applied(planOf(await desire(before), state.known), state);
        for (const { calls } of planOf(await desire(after), state.known).recordings)
          for (const call of calls)
            if (call.reason === 'changed') {
              expect(call.changes.length).toBeGreaterThan(0);
              expect(patchOf(call).length).toBeGreaterThan(0);
            }
      }),
    );
  });

  it('an unknown outcome is sent again, also when the file is back at the old state', async () => {
    const one = [{ mode: 'mix', layout: { mixedVideoLayout: 'bestFit' } }];
    const two = [{ mode: 'mix', layout: { mixedVideoLayout: 'floating' } }];
    const state = emptyState();
    await applied(planOf(await desire(one), state.known), state);
    const lost = planOf(await desire(two), state.known).recordings[0];
    const call = lost?.calls[0];
    if (!lost?.key || !lost.identity || !call) throw new Error('nothing planned');
    const { fold } = await import('../../src/state/fold.ts');
    fold(state, {
      event: 'intent',
      seq: state.serial + 1,
      at: new Date().toISOString(),
      key: lost.key,
      name: lost.name,
      file: lost.file,
      identity: lost.identity,
      endpoint: call.endpoint,
      reason: call.reason,
      request: call.request,
    });
    const reverted = planOf(await desire(one), state.known).recordings[0];
    expect(reverted?.calls).toMatchObject([
      { endpoint: 'updateLayout', reason: 'outcome-unknown', request: { mixedVideoLayout: 1 } },
    ]);
  });
});
