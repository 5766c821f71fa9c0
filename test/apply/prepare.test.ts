import { describe, expect, it } from 'vitest';
import { makePrepare, type RunProgram } from '../../src/apply/prepare.ts';
import type { Call } from '../../src/model/plan.ts';
import type { Storage } from '../../src/model/recording.ts';
import { Vault } from '../../src/secrets/vault.ts';
import { FakeClock } from '../support/clock.ts';
import { call, work } from '../support/engine.ts';

const FRESH = 60_000;
const PRINTED = { Version: 1, AccessKeyId: 'AKIA-PRINTED', SecretAccessKey: 'SECRET-PRINTED' };
const TEMPORARY = { ...PRINTED, SessionToken: 'TOKEN-PRINTED', Expiration: '2026-01-02T03:04:05Z' };

/** Prepare with a program that prints what it is told to, counting its runs. */
function bench(print: (run: number) => unknown = () => TEMPORARY) {
  const clock = new FakeClock();
  const vault = new Vault(new Uint8Array(32));
  const runs: (readonly string[])[] = [];
  const run: RunProgram = async (argv) => {
    runs.push(argv);
    const printed = print(runs.length);
    if (printed instanceof Error) return { message: printed.message };
    return { stdout: typeof printed === 'string' ? printed : JSON.stringify(printed) };
  };
  const { prepare, distrust } = makePrepare(run, vault, clock, FRESH);
  const storageCall = (argv = ['/opt/creds', '--role', 'SECRET-ARGUMENT']): Call => ({
    endpoint: 'update',
    reason: 'changed',
    changes: [],
    request: {
      webRecordingConfig: { onhold: true },
      storageConfig: {
        vendor: 1,
        bucket: 'b',
        credentials: vault.seal(JSON.stringify(argv), 'command:creds', 'creds'),
      },
    },
  });
  const make = async (made = storageCall()) => prepare(made, work(1, [made]));
  /** The storage section that would be sent, its secrets opened. */
  const opened = async () => {
    const made = await make();
    if ('message' in made) throw new Error(made.message);
    const { accessKey, secretKey, stsToken, ...rest } = (made.call.request as { storageConfig: Storage })
      .storageConfig;
    const open = (sealed: Storage['accessKey']) => sealed && vault.reveal(sealed);
    return { accessKey: open(accessKey), secretKey: open(secretKey), stsToken: open(stsToken), ...rest };
  };
  return { clock, vault, runs, make, storageCall, opened, distrust };
}

describe('making a call ready', () => {
  it('runs the program again for what the service has refused, and when half of its life is over', async () => {
    let lives: number | undefined;
    const { clock, make, runs, distrust, storageCall } = bench(() => ({
      ...PRINTED,
      SessionToken: 'T',
      ...(lives === undefined ? {} : { Expiration: new Date(clock.now() + lives).toISOString() }),
    }));
    await make();
    await make();
    expect(runs).toHaveLength(1);
    distrust(storageCall());
    await make();
    expect(runs).toHaveLength(2);
    lives = 20_000;
    distrust(storageCall());
    await make();
    await clock.advance(9_000);
    await make();
    expect(runs).toHaveLength(3);
    await clock.advance(1_000);
    await make();
    expect(runs).toHaveLength(4);
  });

  it('leaves alone what needs no program', async () => {
    const { make, runs } = bench();
    for (const plain of [call('update', 'a'), call('updateLayout', '#000000')])
      expect(await make(plain)).toEqual({ call: plain });
    expect(runs).toEqual([]);
  });

  it('puts what the program printed into the request, sealed, and changes nothing of the planned call', async () => {
    const { make, storageCall, opened, runs } = bench();
    const planned = storageCall();
    const before = structuredClone(planned);
    const made = await make(planned);
    expect(planned).toEqual(before);
    expect(JSON.stringify(made)).not.toMatch(/AKIA-PRINTED|SECRET-PRINTED|TOKEN-PRINTED/);
    expect(made).toMatchObject({ call: { request: { webRecordingConfig: { onhold: true } } } });
    expect(await opened()).toMatchObject({
      accessKey: 'AKIA-PRINTED',
      secretKey: 'SECRET-PRINTED',
      stsToken: 'TOKEN-PRINTED',
      stsExpiration: Date.parse('2026-01-02T03:04:05Z') / 1000,
      bucket: 'b',
    });
    expect(runs[0]).toEqual(['/opt/creds', '--role', 'SECRET-ARGUMENT']);
  });

  it('long-lived keys bring neither token nor expiration', async () => {
    const { opened } = bench(() => ({ ...PRINTED, Expiration: '2026-01-02T03:04:05Z' }));
    const storage = await opened();
    expect(storage.stsToken).toBeUndefined();
    expect(storage).not.toHaveProperty('stsExpiration');
  });

  it('a fraction of a second of validity is not promised', async () => {
    const { opened } = bench(() => ({ ...TEMPORARY, Expiration: '2026-01-02T03:04:05.999Z' }));
    expect((await opened()).stsExpiration).toBe(Date.parse('2026-01-02T03:04:05Z') / 1000);
  });
});

describe('one run of the program', () => {
  it('serves every call with the same command, those that come at once too', async () => {
    const { make, storageCall, runs } = bench();
    await Promise.all(Array.from({ length: 20 }, () => make()));
    await make(storageCall(['/opt/creds', '--role', 'another']));
    expect(runs).toHaveLength(2);
  });

  it('serves for as long as it is fresh, and no longer', async () => {
    const { make, clock, runs } = bench();
    await make();
    await clock.advance(FRESH - 1);
    await make();
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    await make();
    expect(runs).toHaveLength(2);
  });

  it('that failed serves nobody after it', async () => {
    const { make, runs } = bench((run) => (run === 1 ? new Error('creds gave nothing') : PRINTED));
    const both = await Promise.all([make(), make()]);
    expect(both).toEqual([{ message: 'creds gave nothing' }, { message: 'creds gave nothing' }]);
    expect(runs).toHaveLength(1);
    expect(await make()).toHaveProperty('call');
    expect(runs).toHaveLength(2);
  });
});

describe('a program that prints something else', () => {
  it.each([
    ['not JSON', 'AKIA-PRINTED SECRET-PRINTED', 'its output is no JSON'],
    ['nothing', '', 'its output is no JSON'],
    ['no object', 'null', 'its output is no JSON object'],
    ['a list', [TEMPORARY], '"Version" is not 1'],
    ['another version', { ...PRINTED, Version: 2 }, '"Version" is not 1'],
    ['no version', { ...PRINTED, Version: undefined }, '"Version" is not 1'],
    ['no key', { ...PRINTED, AccessKeyId: undefined }, '"AccessKeyId" is missing'],
    ['an empty key', { ...PRINTED, AccessKeyId: '' }, '"AccessKeyId" is missing'],
    ['no secret', { ...PRINTED, SecretAccessKey: undefined }, '"SecretAccessKey" is missing'],
    ['an empty secret', { ...PRINTED, SecretAccessKey: '' }, '"SecretAccessKey" is missing'],
    ['a token that is no text', { ...PRINTED, SessionToken: 5 }, '"SessionToken" is not text'],
    ['a time that is none', { ...TEMPORARY, Expiration: 'soon' }, '"Expiration" is not a time'],
  ])('%s: says what is wrong and shows nothing of it', async (_, printed, why) => {
    const { make } = bench(() => printed);
    expect(await make()).toEqual({ message: `creds did not print storage credentials: ${why}` });
  });

  it('a command whose value is not at hand is not guessed', async () => {
    const { make, storageCall, runs } = bench();
    const planned = storageCall();
    (planned.request as { storageConfig: Storage }).storageConfig.credentials = {
      sealed: 'hmac-sha256:of-another-run',
      reference: 'command:creds',
      shown: 'creds',
    };
    expect(await make(planned)).toEqual({
      message: 'the command for the storage credentials is not at hand',
    });
    expect(runs).toEqual([]);
  });
});
