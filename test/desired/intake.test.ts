import { describe, expect, test } from 'vitest';
import { Intake } from '../../src/desired/intake.ts';
import type { Surroundings } from '../../src/desired/surroundings.ts';
import type { Snapshot } from '../../src/model/source.ts';
import { Vault } from '../../src/secrets/vault.ts';

const FOUND = { diagnostics: [], broken: [], files: 1 };
const bytes = (sid: string, more = '') =>
  new TextEncoder().encode(
    `name: a\nrecording: { appId: a, cname: c, uid: 1, resourceId: r, sid: "${sid}" }\n${more}`,
  );
const STORAGE =
  'storage: { vendor: s3, region: US_EAST_1, bucket: b, accessKey: k, secretKey: { fromFile: key } }\n';
const around = (more: Partial<Surroundings> = {}) => ({
  ...{
    cwd: '/desk',
    env: {},
    vault: new Vault(new Uint8Array(32)),
    readFile: async () => new TextEncoder().encode('secret\n'),
  },
  ...more,
});
const sidIn = ({ byName }: Snapshot) => byName.get('a')?.identity?.sid;
/** Due after the first piece of work. */
const AT_ONCE = { isDue: () => true, due: Promise.resolve() };

/** An intake with one file that stands. */
async function standing(content = bytes('1')) {
  const intake = new Intake();
  const changes = intake.begin();
  changes.put('a.yaml', content);
  const first = await intake.refresh(changes, FOUND, () => around());
  const next = async (tell: (changes: ReturnType<Intake['begin']>) => void, more?: Partial<Surroundings>) => {
    const later = intake.begin();
    tell(later);
    return intake.refresh(later, FOUND, () => around(more));
  };
  return { intake, first, next };
}

describe('changes', () => {
  test('of which one cannot be carried out change nothing', async () => {
    const { intake, first, next } = await standing();
    const failing = next(
      (changes) => {
        changes.put('a.yaml', bytes('2'));
        changes.put('b.yaml', bytes('3', STORAGE));
      },
      {
        readFile: () => Promise.reject(new Error('no repository')),
      },
    );
    await expect(failing).rejects.toThrow('no repository');
    expect(intake.current()).toMatchObject({ changed: [] });
    expect(sidIn(intake.current())).toBe('1');
    expect(intake.current().set).toBe(first.set);
  });

  test('that yielded do not undo what later ones have said of a file', async () => {
    const { intake, next } = await standing();
    const slow = intake.begin();
    slow.put('a.yaml', bytes('2'));
    slow.put('b.yaml', bytes('4', 'suspend: true\n'));
    expect(await slow.run(() => around(), AT_ONCE)).toBe(false);
    expect(sidIn(await next((changes) => void changes.put('a.yaml', bytes('3'))))).toBe('3');
    slow.remove('b.yaml');
    expect(sidIn(await intake.refresh(slow, FOUND, () => around()))).toBe('3');
  });

  test('that yielded hand over what they have of a file that is asked for first', async () => {
    const { intake, next } = await standing();
    const slow = intake.begin();
    slow.put('a.yaml', bytes('2'));
    slow.put('b.yaml', bytes('4'));
    expect(await slow.run(() => around(), AT_ONCE)).toBe(false);
    expect(sidIn(await next((changes) => changes.claim('a.yaml')))).toBe('2');
  });
});

describe('a file', () => {
  test('that is expected or withheld is held; what it says counts again, or is gone', async () => {
    const { intake, next } = await standing();
    const gone = await next((changes) => changes.hold('a.yaml'));
    expect(gone).toMatchObject({ changed: ['a'], set: { recordings: [], broken: ['a.yaml'] } });
    intake.expect('b.yaml');
    expect(await next(() => {})).toMatchObject({ changed: [], set: { broken: ['a.yaml', 'b.yaml'] } });
    const back = await next((changes) => changes.again('a.yaml'));
    expect(sidIn(back)).toBe('1');
    expect(back.set.broken).toEqual(['b.yaml']);
    await next((changes) => changes.hold('a.yaml'));
    const never = await next((changes) => {
      for (const file of ['a.yaml', 'b.yaml']) changes.remove(file);
    });
    // Withheld, its name was no part of the set; it is told once more, because it is decided about now.
    expect(never).toMatchObject({ changed: ['a'], set: { recordings: [], broken: [] } });
  });

  test('stands as it was while a reference in it is being written', async () => {
    const { next } = await standing();
    const put = (changes: ReturnType<Intake['begin']>) => void changes.put('a.yaml', bytes('2', STORAGE));
    expect(sidIn(await next(put, { isAtRest: () => false }))).toBe('1');
    expect(sidIn(await next((changes) => changes.again('a.yaml')))).toBe('2');
  });

  test('of which no line is quoted is quoted nowhere, by its name neither', async () => {
    const intake = new Intake();
    const changes = intake.begin();
    changes.put('a.yaml', bytes('1', STORAGE));
    const search = { ...FOUND, unquoted: new Set(['a.yaml']) };
    const missing = () => around({ readFile: async () => 'missing' });
    const { set, byName } = await intake.refresh(changes, search, missing);
    expect(byName.get('a')?.unresolved).toHaveLength(1);
    expect(byName.get('a')?.unresolved[0]?.source).toBeUndefined();
    expect(byName.get('a')).toBe(set.recordings[0]);
  });
});
