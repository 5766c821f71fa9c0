import { describe, expect, it } from 'vitest';
import {
  checkNames,
  choice,
  duration,
  isResync,
  isSet,
  type RawOptions,
  readFlags,
} from '../../src/commands/settings.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Io } from '../../src/model/ports.ts';

/** What settings look at: the environment, the folder, and what kind of thing standard output is. */
function surroundings(env: Record<string, string> = {}, outIsTerminal = false): Io {
  return { env, outIsTerminal, cwd: '/desk/shows' } as unknown as Io;
}

const read = (raw: RawOptions = {}, env: Record<string, string> = {}, terminal = false) =>
  readFlags(raw, surroundings(env, terminal));

/** The message of the usage error that something ends in. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).exitCode).toBe(64);
    return (error as Failure).message;
  }
  throw new Error('nothing was refused');
}

describe('the settings', () => {
  it('have their defaults', () => {
    expect(read()).toEqual({
      dir: 'recordings',
      state: '/desk/shows/.reelstate',
      endpoints: [],
      rate: 10,
      rateScope: 'account',
      region: undefined,
      unsubscribeSpelling: undefined,
      output: 'text',
      color: false,
      cache: true,
      logLevel: 'info',
    });
  });

  it('come from the environment, each from the variable of its name', () => {
    const env = {
      REELSTATE_DIR: 'shows',
      REELSTATE_STATE: '/var/state',
      REELSTATE_ENDPOINT: 'https://example.com',
      REELSTATE_RATE: '2.5',
      REELSTATE_RATE_SCOPE: 'app',
      REELSTATE_REGION: 'eu',
      REELSTATE_UNSUBSCRIBE_SPELLING: 'unsubscribe',
      REELSTATE_OUTPUT: 'markdown',
      REELSTATE_LOG_LEVEL: 'debug',
    };
    expect(read({}, env)).toMatchObject({
      dir: 'shows',
      state: '/var/state',
      endpoints: ['https://example.com'],
      rate: 2.5,
      rateScope: 'app',
      region: 'eu',
      unsubscribeSpelling: 'unsubscribe',
      output: 'markdown',
      logLevel: 'debug',
    });
  });

  it('a flag wins over its variable, and an empty variable counts as absent', () => {
    expect(read({ dir: 'mine' }, { REELSTATE_DIR: 'theirs' }).dir).toBe('mine');
    expect(read({ output: 'text' }, { REELSTATE_JSON: '1' }).output).toBe('text');
    expect(read({}, { REELSTATE_DIR: '', REELSTATE_RATE: '', REELSTATE_ENDPOINT: '' })).toMatchObject({
      dir: 'recordings',
      rate: 10,
      endpoints: [],
    });
  });

  it('an empty flag is refused: it would mean another folder than anybody has in mind', () => {
    expect(refusal(() => read({ state: '' }))).toBe('--state: must not be empty');
    expect(refusal(() => read({ dir: '' }))).toBe('--dir: must not be empty');
  });

  it('--json is short for --output json, from either place', () => {
    expect(read({ json: true }).output).toBe('json');
    expect(read({ json: true, output: 'text' }).output).toBe('json');
    expect(read({}, { REELSTATE_JSON: 'true' }).output).toBe('json');
    expect(read({}, { REELSTATE_JSON: '0' }).output).toBe('text');
  });

  it.each([
    [{ output: 'xml' }, '--output "xml": must be one of text, json, markdown'],
    [{ logLevel: 'trace' }, '--log-level "trace": must be one of error, warn, info, debug'],
    [{ rateScope: 'world' }, '--rate-scope "world": must be one of account, app'],
    [{ unsubscribeSpelling: 'UNSUBSCRIBE' }, 'must be one of unSubscribe, unsubscribe'],
    [{ region: 'mars' }, '--region "mars": must be one of us, ap, eu, cn'],
    [{ region: 'constructor' }, '--region "constructor": must be one of'],
  ])('%j is refused by name', (raw, message) => {
    expect(refusal(() => read(raw))).toContain(message);
  });
});

describe('--rate', () => {
  it.each([
    ['10', 10],
    ['0.5', 0.5],
    ['1000', 1_000],
  ])('takes %s', (text, rate) => {
    expect(read({ rate: text }).rate).toBe(rate);
  });

  it.each(['0', '-1', '1001', 'ten', ' ', 'NaN', 'Infinity', '10/s'])('refuses %j', (text) => {
    expect(refusal(() => read({ rate: text }))).toContain('above 0 and at most 1000');
  });
});

describe('--endpoint', () => {
  it.each([
    ['https://api.agora.io', 'https://api.agora.io'],
    ['https://API.agora.io/', 'https://api.agora.io'],
    ['https://proxy.example.com:8443/agora/', 'https://proxy.example.com:8443/agora'],
    ['http://127.0.0.1:8799', 'http://127.0.0.1:8799'],
    ['http://127.8.9.10', 'http://127.8.9.10'],
    ['http://localhost:1', 'http://localhost:1'],
    ['http://[::1]:1', 'http://[::1]:1'],
  ])('takes %s', (text, endpoint) => {
    expect(read({ endpoint: text }).endpoints).toEqual([endpoint]);
  });

  it('may be given several times, each once, and its variable may name several', () => {
    const [one, two] = ['https://one.example', 'https://two.example/eu'];
    expect(read({ endpoint: [one, two, `${one}/`] }).endpoints).toEqual([one, two]);
    for (const between of [' ', ',', ', ', ',\n'])
      expect(read({}, { REELSTATE_ENDPOINT: `${one}${between}${two}` }).endpoints).toEqual([one, two]);
    expect(read({ endpoint: [two] }, { REELSTATE_ENDPOINT: one }).endpoints).toEqual([two]);
  });

  it('every one of several is held to the same rules', () => {
    expect(refusal(() => read({ endpoint: ['https://one.example', 'http://two.example'] }))).toContain(
      'plain HTTP would show your credentials',
    );
    expect(refusal(() => read({ endpoint: ['https://one.example', ''] }))).toBe(
      '--endpoint: must not be empty',
    );
  });

  it.each([
    'http://api.agora.io',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
  ])('refuses plain HTTP to elsewhere: %s', (text) => {
    expect(refusal(() => read({ endpoint: text }))).toContain('plain HTTP would show your credentials');
  });

  it.each(['api.agora.io', 'ftp://api.agora.io', 'https://', '/path', 'file:///etc/passwd'])(
    'refuses %j',
    (text) => {
      expect(refusal(() => read({ endpoint: text }))).toContain('must be an address such as');
    },
  );

  it('refuses credentials in it, and does not show them', () => {
    for (const text of [
      'https://me:hunter2@api.agora.io',
      'http://me:hunter2@api.agora.io',
      'https://hunter2@h',
    ])
      expect(refusal(() => read({ endpoint: text }))).toMatch(/^(?!.*hunter2).*AGORA_CUSTOMER_SECRET/);
  });

  it('refuses a query and a fragment, and does not show them', () => {
    for (const text of ['https://h/?token=hunter2', 'https://h/#hunter2'])
      expect(refusal(() => read({ endpoint: text }))).toBe('--endpoint: must not have a query or a fragment');
  });
});

describe('colour', () => {
  it('is for terminals, unless somebody wants none', () => {
    expect(read({}, {}, true).color).toBe(true);
    expect(read({}, {}, false).color).toBe(false);
    expect(read({ color: false }, {}, true).color).toBe(false);
    expect(read({ color: true }, {}, false).color).toBe(false);
  });

  it.each([
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '0' }, false],
    [{ NO_COLOR: '' }, true],
    [{ REELSTATE_NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
    [{ TERM: 'xterm' }, true],
  ])('with %j: %s', (env, color) => {
    expect(read({}, env as Record<string, string>, true).color).toBe(color);
  });
});

describe('spans of time', () => {
  const span = (text: string) => duration('retryFor', { retryFor: text }, surroundings(), 5);

  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['0', 0],
    ['0s', 0],
  ])('%s', (text, milliseconds) => {
    expect(span(text)).toBe(milliseconds);
  });

  it('have a default and a variable', () => {
    expect(duration('retryFor', {}, surroundings(), 5)).toBe(5);
    expect(duration('retryFor', {}, surroundings({ REELSTATE_RETRY_FOR: '7s' }), 5)).toBe(7_000);
  });

  it.each(['30', '-1s', '1 s', '1w', 's', '1e3s', '.5s'])('%j is none', (text) => {
    expect(refusal(() => span(text))).toContain(`--retry-for ${JSON.stringify(text)}: must be a duration`);
  });
});

describe('switches', () => {
  it('are set by the flag or by a word that means yes', () => {
    expect(isSet('allowEmpty', { allowEmpty: true }, surroundings())).toBe(true);
    for (const yes of ['1', 'true', 'YES'])
      expect(isSet('allowEmpty', {}, surroundings({ REELSTATE_ALLOW_EMPTY: yes }))).toBe(true);
    for (const no of ['', '0', 'FALSE', 'no'])
      expect(isSet('allowEmpty', {}, surroundings({ REELSTATE_ALLOW_EMPTY: no }))).toBe(false);
    expect(isSet('allowEmpty', {}, surroundings())).toBe(false);
  });

  it('another word in the variable is refused by name, unless the flag has said it already', () => {
    for (const word of ['on', 'off', '2', 'y', 'allow', ' 1']) {
      const around = surroundings({ REELSTATE_ALLOW_EMPTY: word });
      expect(refusal(() => isSet('allowEmpty', {}, around))).toBe(
        `REELSTATE_ALLOW_EMPTY ${JSON.stringify(word)}: must be 1 or 0`,
      );
      expect(isSet('allowEmpty', { allowEmpty: true }, around)).toBe(true);
    }
    // A program that calls says no as well.
    expect(isSet('allowEmpty', { allowEmpty: false }, surroundings({ REELSTATE_ALLOW_EMPTY: '1' }))).toBe(
      false,
    );
  });

  it("resync is a duration of the daemon's in the same variable, and asks plan and apply for nothing", () => {
    for (const span of ['10m', '0', '1.5h'])
      expect(isResync({}, surroundings({ REELSTATE_RESYNC: span }))).toBe(false);
    expect(isResync({ resync: true }, surroundings({ REELSTATE_RESYNC: '10m' }))).toBe(true);
    expect(isResync({}, surroundings({ REELSTATE_RESYNC: '1' }))).toBe(true);
    expect(refusal(() => isResync({}, surroundings({ REELSTATE_RESYNC: 'on' })))).toContain(
      'REELSTATE_RESYNC',
    );
  });

  it('a choice falls back only where nothing is chosen', () => {
    expect(choice('size', {}, surroundings(), ['a', 'b'], 'a')).toBe('a');
    expect(choice('size', { size: 'b' }, surroundings(), ['a', 'b'], 'a')).toBe('b');
    expect(refusal(() => choice('size', { size: 'A' }, surroundings(), ['a', 'b'], 'a'))).toContain(
      '--size "A"',
    );
  });
});

describe('names', () => {
  const failure = (name: string, available: string[]) => {
    try {
      checkNames([name], available);
    } catch (error) {
      return error as Failure;
    }
    throw new Error('nothing was refused');
  };

  it('that are known pass, none too', () => {
    checkNames(['a', 'b'], ['b', 'a', 'c']);
    checkNames([], []);
  });

  it('that are not known are refused, with the nearest one where there is one', () => {
    expect(failure('town-hal', ['keynote', 'town-hall'])).toMatchObject({
      exitCode: 64,
      message: 'no recording is called "town-hal"',
      hint: 'Did you mean town-hall?',
    });
    expect(failure('xyz', ['keynote']).hint).toContain('reelstate status');
    expect(failure('xyz', []).hint).toContain('reelstate status');
  });

  it('of an odd kind are shown in quotes', () => {
    expect(failure('a\nb', []).message).toBe('no recording is called "a\\nb"');
  });
});
