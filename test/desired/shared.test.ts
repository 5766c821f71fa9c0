import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecordingFile } from '../../src/desired/read.ts';
import { resolveFile } from '../../src/desired/resolve.ts';
import { Vault } from '../../src/secrets/vault.ts';

const IDENTITY = { appId: 'app', cname: 'c', uid: '1', resourceId: 'r', sid: 's' };

/** A document's block, and the file that it takes fields from. */
async function together(own: unknown, shared: unknown, block: string, mode = 'mix') {
  const text = JSON.stringify({ recording: { ...IDENTITY, mode }, [block]: own });
  const bytes = new TextEncoder().encode(JSON.stringify(shared));
  const checked = readRecordingFile(new TextEncoder().encode(text), 'recordings/a.yaml');
  const readFile = async (path: string) => (path.endsWith('shared.yaml') ? bytes : ('missing' as const));
  const vault = new Vault(new Uint8Array(32));
  return resolveFile(checked, { cwd: '/', env: { KEY: 'key' }, vault, readFile });
}

const region = { seat: 'host', x_axis: 0, y_axis: 0, width: 1, height: 1 };
const BLOCKS = {
  subscriptions: { audioUidList: { subscribeAudioUids: ['1'] }, videoUidList: { subscribeVideoUids: ['1'] } },
  layout: {
    mixedVideoLayout: 'custom',
    maxResolutionSeat: 'host',
    layoutConfig: [region, { ...region, seat: 'guest' }],
    backgroundConfig: [{ seat: 'host', image_url: 'http://a/b.jpg' }],
  },
  rtmp: { outputs: [{ rtmpUrl: { fromEnv: 'KEY' } }] },
  storage: {
    ...{ vendor: 's3', region: 'US_EAST_1', bucket: 'b', accessKey: 'a' },
    ...{ secretKey: { fromFile: 'k' }, extensionParams: { sse: 'kms' } },
  },
};
const SEATS = { host: '101', guest: null };

test.each(Object.entries(BLOCKS))(
  '%s: whatever stands in the two files, it is a block or an error',
  async (block, whole) => {
    const places = (value: unknown, base: string[]): string[][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, child]) => [[...base, key], ...places(child, [...base, key])])
        : [];
    const junk = fc.constantFrom(
      ...[undefined, null, '', 'x', 'any', 0, -1, 1.5, true, [], {}, [null], [{}], { fromFile: 'x' }],
    );
    const own = { fromFile: '../shared.yaml', ...(block === 'layout' ? { seats: SEATS } : {}) };
    const change = fc.oneof(
      fc.record({
        side: fc.constant('shared' as const),
        at: fc.constantFrom(...places(whole, [])),
        to: junk,
      }),
      fc.record({
        side: fc.constant('own' as const),
        at: fc.constantFrom(...places({ ...(block === 'layout' ? { seats: SEATS } : {}), ...whole }, [])),
        to: junk,
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
        const sides = structuredClone({ shared: whole, own }) as Record<'shared' | 'own', object>;
        for (const { side, at, to } of changes) {
          let value = sides[side] as Record<string, unknown>;
          for (const key of at.slice(0, -1)) {
            const inside = value[key];
            value = (typeof inside === 'object' && inside !== null ? inside : {}) as typeof value;
          }
          value[at.at(-1) as string] = structuredClone(to);
        }
        const mode = block === 'rtmp' ? 'web' : 'mix';
        const { documents, diagnostics } = await together(sides.own, sides.shared, block, mode);
        const hasError = diagnostics.some(({ severity }) => severity === 'error');
        expect(documents).toHaveLength(hasError ? 0 : 1);
        for (const { range, uses } of diagnostics)
          expect(range.filename).toBe(uses ? 'shared.yaml' : 'recordings/a.yaml');
        if (hasError) return;
        const blocks = documents[0]?.recording.blocks();
        expect(blocks).toHaveProperty(block);
        expect(JSON.stringify(blocks?.layout ?? {})).not.toMatch(/seat|host/);
      }),
      { numRuns: 300 },
    );
  },
);

test('fields beside fromFile win, whole fields at a time', async () => {
  const own = { fromFile: '../shared.yaml', extensionParams: { tag: 't' }, bucket: 'mine' };
  const { documents } = await together(own, BLOCKS.storage, 'storage');
  expect(documents[0]?.recording.blocks().storage).toMatchObject({
    bucket: 'mine',
    vendor: 1,
    extensionParams: { tag: 't' },
  });
  expect(documents[0]?.recording.blocks().storage?.extensionParams).not.toHaveProperty('sse');
  expect(documents[0]?.recording.shares).toEqual({ storage: 'shared.yaml' });
});

test('a UID in a seat is read exactly, also as a number', async () => {
  const text = `recording: ${JSON.stringify(IDENTITY)}\nlayout: { fromFile: ../shared.yaml, seats: { host: 4294967295, guest: 0x1F } }\n`;
  const checked = readRecordingFile(Buffer.from(text), 'recordings/a.yaml');
  const bytes = Buffer.from(JSON.stringify(BLOCKS.layout));
  const vault = new Vault(new Uint8Array(32));
  const { diagnostics } = await resolveFile(checked, {
    ...{ cwd: '/', env: {}, vault },
    readFile: async () => bytes,
  });
  expect(diagnostics.map(({ summary }) => summary)).toContain('"0x1F" is not a UID');
});
