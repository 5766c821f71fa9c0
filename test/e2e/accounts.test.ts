import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, put, run, simulator, start, whenTestEnds } from '../support/cli.ts';
import { until } from '../support/watching.ts';

/*
 * Several accounts in one settings file, through the built command: each with its own service, allowance and fate.
 */

const ACME = { AGORA_CUSTOMER_ID: 'acme', AGORA_CUSTOMER_SECRET: 'acme-secret' };
const GLOBEX = { AGORA_CUSTOMER_ID: 'globex', AGORA_CUSTOMER_SECRET: 'globex-secret' };
const VALUES = {
  ACME_ID: 'acme',
  ACME_SECRET: 'acme-secret',
  GLOBEX_ID: 'globex',
  GLOBEX_SECRET: 'globex-secret',
};
/** The settings file alone gives credentials. */
const NONE = { AGORA_CUSTOMER_ID: '', AGORA_CUSTOMER_SECRET: '', REELSTATE_ENDPOINT: '' };
const ENV = { ...NONE, ...VALUES };

const file = (appId: string, n: string, color = '#000001') => `recording:
  appId: ${appId}
  cname: channel-${n}
  uid: "527841"
  resourceId: resource-${n}
  sid: sid-${n}
layout: { mixedVideoLayout: bestFit, backgroundColor: "${color}" }
`;

/** @param urls of the services of both */
const settings = (urls: readonly [string, string], more = { acme: '', globex: '' }) => `accounts:
  acme:
    appIds: [app-acme]
    customerId: { fromEnv: ACME_ID }
    customerSecret: { fromEnv: ACME_SECRET }
    endpoint: ${urls[0]}
${more.acme}  globex:
    appIds: [app-globex]
    customerId: { fromEnv: GLOBEX_ID }
    customerSecret: { fromEnv: GLOBEX_SECRET }
    endpoint: ${urls[1]}
${more.globex}`;

const files = (color?: string) => ({
  ...Object.fromEntries(
    ['a1', 'a2', 'a3'].map((n) => [`recordings/${n}.yaml`, file('app-acme', n, color)] as const),
  ),
  ...Object.fromEntries(
    ['g1', 'g2', 'g3'].map((n) => [`recordings/${n}.yaml`, file('app-globex', n, color)] as const),
  ),
});

/** Two accounts at two services. */
async function twoServices(faults: readonly string[] = [], more?: { acme: string; globex: string }) {
  const cwd = await folder(files());
  const acme = await simulator(cwd, [], ACME);
  const globex = await simulator(
    cwd,
    faults.flatMap((fault) => ['--fault', fault]),
    GLOBEX,
  );
  await put(cwd, { 'reelstate.yaml': settings([acme.url, globex.url], more) });
  return { cwd, acme, globex };
}

type Sim = Awaited<ReturnType<typeof simulator>>;

const sids = async (sim: Sim, status = 200) =>
  (await sim.requests())
    .filter((each) => each.status === status && each.endpoint !== 'query')
    .map(({ sid }) => sid)
    .sort();

const reelstate = (cwd: string, args: readonly string[], env: Record<string, string> = {}) =>
  run(args, { cwd, env: { ...ENV, ...env } });

/** A running watch. */
async function watching(cwd: string, env: Record<string, string> = {}) {
  const daemon = start(['watch', '--listen', '127.0.0.1:0', '--resync', '0'], {
    cwd,
    env: { ...ENV, ...env },
  });
  const url = (await daemon.shows(/"url":"http:\/\/[^"]+"/, 'stderr')).slice(7, -1);
  await daemon.shows(/"msg":"watching"/, 'stderr');
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const api = async () => JSON.parse((await get('/api/recordings')).text);
  return {
    daemon,
    url,
    get,
    api,
    condition: (name: string, type: string) =>
      until(async () => {
        const found = (await api()).recordings.find((each: { name: string }) => each.name === name);
        const now = found?.conditions.find(({ status }: { status: string }) => status === 'True');
        return now?.type === type && { ...found, ...now, name };
      }, `${name} ${type}`),
    async stop() {
      daemon.child.kill('SIGTERM');
      return daemon.done;
    },
  };
}

describe('two accounts', () => {
  it('are sent for at their own services, and a plan says what it costs each', async () => {
    const { cwd, acme, globex } = await twoServices([], { acme: '', globex: '    rate: 2\n' });
    const plan = await reelstate(cwd, ['plan']);
    expect(plan.stdout).toContain(
      '6 calls (6 updateLayout): 1.5 s for globex, 0.3 s for acme, side by side.',
    );
    const { summary } = JSON.parse((await reelstate(cwd, ['plan', '--json'])).stdout);
    expect(summary.seconds_at_rate).toBe(1.5);
    expect(summary.accounts).toEqual([
      { name: 'globex', calls: 3, rate: 2, seconds_at_rate: 1.5 },
      { name: 'acme', calls: 3, rate: 10, seconds_at_rate: 0.3 },
    ]);
    const applied = await reelstate(cwd, ['apply', '--json']);
    expect(applied.code, applied.stderr).toBe(0);
    expect(await sids(acme)).toEqual(['sid-a1', 'sid-a2', 'sid-a3']);
    expect(await sids(globex)).toEqual(['sid-g1', 'sid-g2', 'sid-g3']);
    const accounts = applied.stdout
      .split('\n')
      .filter((line) => line.includes('apply_complete'))
      .map((line) => JSON.parse(line))
      .map(({ recording, account }) => `${recording} ${account}`);
    expect(accounts.sort()).toEqual([
      ...['a1 acme', 'a2 acme', 'a3 acme'],
      ...['g1 globex', 'g2 globex', 'g3 globex'],
    ]);
    const one = await reelstate(cwd, ['plan', 'a1', '--resync']);
    expect(one.stdout).toContain('1 call (1 updateLayout), 0.1 s for acme at 10 a second.');
    const status = await reelstate(cwd, ['status']);
    expect(status.stdout).toMatch(/^a1 {2}Ready {4}mix {9}acme {4}applied/m);
    expect(status.stdout).toMatch(/^g1 {2}Ready {4}mix {9}globex {2}applied/m);
    const json = JSON.parse((await reelstate(cwd, ['status', '--json'])).stdout);
    expect(json.recordings.map(({ account }: { account: string }) => account)).toEqual([
      ...['acme', 'acme', 'acme'],
      ...['globex', 'globex', 'globex'],
    ]);
  });

  it('at one service go with their own credentials', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      const [, , , app, , , resourceId, , sid] = (request.url ?? '').split('/') as string[];
      const [, word = ''] = (request.headers.authorization ?? '').split(' ');
      seen.push(`${app} ${Buffer.from(word, 'base64')}`);
      request.resume().on('end', () => response.end(JSON.stringify({ resourceId, sid })));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    whenTestEnds(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // The endpoint of all, in the place of one in the settings file.
    const text = settings(['x', 'x']).replaceAll('    endpoint: x\n', '');
    const cwd = await folder({ ...files(), 'settings/accounts.yaml': text });
    const args = ['apply', '--config', 'settings/accounts.yaml', '--endpoint', url];
    const ran = await reelstate(cwd, args);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect([...new Set(seen)].sort()).toEqual([
      'app-acme acme:acme-secret',
      'app-globex globex:globex-secret',
    ]);
  });

  it('one that is refused holds back no other', async () => {
    const { cwd, acme, globex } = await twoServices();
    const ran = await reelstate(cwd, ['apply'], { GLOBEX_SECRET: 'wrong' });
    expect(ran.code).toBe(1);
    expect(await sids(acme)).toEqual(['sid-a1', 'sid-a2', 'sid-a3']);
    expect(await globex.requests()).toHaveLength(1);
    expect(ran.stdout).toContain('Check customerId and customerSecret of globex in reelstate.yaml');
    expect(ran.stdout).toContain('3 calls for 3 recordings applied, 1 failed, 2 not attempted.');
    expect(ran.stdout + ran.stderr).not.toMatch(/wrong|acme-secret/);
  });

  it('one that is throttled holds back no other', async () => {
    const { cwd, acme, globex } = await twoServices([
      JSON.stringify({ answer: '429', match: { times: 1 }, retryAfter: 2 }),
    ]);
    const ran = await reelstate(cwd, ['apply', '--json']);
    expect(ran.code, ran.stdout).toBe(0);
    const limited = ran.stdout.split('\n').find((line) => line.includes('rate_limited'));
    expect(JSON.parse(limited ?? '{}')).toMatchObject({ account: 'globex', hold_seconds: 2 });
    const last = (requests: { mono: number }[]) => Math.max(...requests.map(({ mono }) => mono));
    const requests = await globex.requests();
    expect(last(requests) - (requests[0]?.mono as number)).toBeGreaterThan(1_900);
    const others = await acme.requests();
    expect(last(others) - (others[0]?.mono as number)).toBeLessThan(1_000);
  });

  it('a saved plan goes to the accounts as well', async () => {
    const { cwd, acme, globex } = await twoServices();
    expect((await reelstate(cwd, ['plan', '--out', 'plan.json'])).code).toBe(0);
    const ran = await reelstate(cwd, ['apply', 'plan.json']);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect([...(await sids(acme)), ...(await sids(globex))]).toHaveLength(6);
  });
});

describe('watch', () => {
  it('holds back the recordings of a refused account alone, and stays ready', async () => {
    const { cwd, acme } = await twoServices();
    const w = await watching(cwd, { GLOBEX_SECRET: 'wrong' });
    for (const name of ['a1', 'a2', 'a3'])
      expect(await w.condition(name, 'Ready')).toMatchObject({ account: 'acme' });
    for (const name of ['g1', 'g2', 'g3'])
      expect(await w.condition(name, 'Stalled')).toMatchObject({ account: 'globex', reason: 'Refused' });
    expect(await w.get('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    const { accounts } = await w.api();
    expect(accounts).toMatchObject([
      { name: 'acme', rate: 10, stopped: null },
      { name: 'globex', stopped: expect.stringContaining('does not accept the credentials') },
    ]);
    const metrics = (await w.get('/metrics')).text;
    expect(metrics).toMatch(/requests_total\{code="200",endpoint="updateLayout",account="acme"\} 3/);
    expect(metrics).toMatch(/requests_total\{code="401",endpoint="updateLayout",account="globex"\} 1/);
    expect(metrics).toMatch(/rate_limiter_rate\{account="globex"\} 10/);
    expect(metrics).toMatch(/rate_limiter_in_use\{account="acme"\} \d/);
    expect(metrics).toMatch(/rate_limiter_duration_seconds_count\{account="acme"\} 3/);
    expect(metrics).toMatch(/reelstate_account_stopped\{account="globex"\} 1/);
    expect(metrics).toMatch(/reelstate_account_stopped\{account="acme"\} 0/);
    const status = await reelstate(cwd, ['status', '--daemon', w.url]);
    expect(status.stdout).toMatch(/^Account globex is stopped: .*customerSecret of globex/m);
    expect(status.stdout).toMatch(/^a1 .* acme /m);
    await put(cwd, files('#FF0000'));
    await until(async () => (await sids(acme)).length === 6, 'the others go on');
    const { stderr } = await w.stop();
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.find(({ level, account }) => level === 'error' && account === 'globex')).toBeDefined();
    expect(lines.filter(({ msg }) => msg === 'applied').map(({ account }) => account)).toEqual(
      Array.from({ length: 6 }, () => 'acme'),
    );
    expect(stderr).not.toMatch(/acme-secret|"wrong/);
  });

  it('is not ready while every account is refused', async () => {
    const { cwd } = await twoServices();
    const w = await watching(cwd, { GLOBEX_SECRET: 'wrong', ACME_SECRET: 'wrong' });
    const { text } = await until(async () => {
      const ready = await w.get('/readyz');
      return ready.status === 503 && ready;
    }, 'not ready');
    expect(text).toMatch(/^acme: .*; globex: /);
    await w.stop();
  });

  it('holds back the recordings of an account whose variable is missing', async () => {
    const { cwd, acme, globex } = await twoServices();
    const w = await watching(cwd, { GLOBEX_SECRET: '' });
    await w.condition('a3', 'Ready');
    expect(await w.condition('g3', 'Stalled')).toMatchObject({
      message: 'customerSecret of globex: the environment variable GLOBEX_SECRET is not set or empty',
    });
    expect(await globex.requests()).toEqual([]);
    expect(await sids(acme)).toHaveLength(3);
    await w.stop();
  });

  it('ends at once where the settings file is wrong, or no account can be used', async () => {
    const { cwd } = await twoServices();
    const none = await reelstate(cwd, ['watch'], { GLOBEX_SECRET: '', ACME_ID: '' });
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/no account in reelstate.yaml has its credentials: customerId of acme: /);
    await put(cwd, { 'reelstate.yaml': 'accounts: { acme: { appIds: [a] } }\n' });
    const wrong = await reelstate(cwd, ['watch']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(
      'reelstate.yaml:1:13: error[missing-field]: customerId is missing in acme',
    );
  });
});

describe('an App ID', () => {
  it('that no account lists is an error where the recording says it, and holds back that one alone', async () => {
    const { cwd, acme, globex } = await twoServices();
    await put(cwd, {
      'recordings/z.yaml': file('app-nowhere', 'z'),
      'recordings/r.yaml':
        'recording: { fromFile: ../run/r.json, mode: mix }\nlayout: { mixedVideoLayout: bestFit }\n',
      'run/r.json': JSON.stringify({
        ...{ appId: 'app-elsewhere', cname: 'r', uid: '1', resourceId: 'resource-r', sid: 'sid-r' },
      }),
    });
    for (const command of ['validate', 'plan', 'apply']) {
      const ran = await reelstate(cwd, [command]);
      expect(ran.code, command).toBe(1);
      const said = ran.stdout + ran.stderr;
      expect(said).toContain(
        'recordings/z.yaml:2:10: error[app-id-account]: no account in reelstate.yaml lists this App ID\n2 |   appId: app-nowhere\n',
      );
      expect(said).toContain('recordings/r.yaml:1:24: error[app-id-account]: no account');
    }
    expect(await sids(acme)).toEqual(['sid-a1', 'sid-a2', 'sid-a3']);
    // What is kept of reading the files says nothing of accounts.
    const again = await reelstate(cwd, ['plan']);
    expect(again.stderr).toContain('recordings/z.yaml:2:10: error[app-id-account]');
    await put(cwd, {
      'reelstate.yaml': settings([acme.url, globex.url]).replace('app-acme', 'app-other'),
    });
    const other = await reelstate(cwd, ['plan']);
    expect(other.stderr).toContain('recordings/a1.yaml:2:10: error[app-id-account]');
  });

  it('that two accounts list is an error at both places, and holds back its recordings alone', async () => {
    const { cwd, acme, globex } = await twoServices();
    await put(cwd, {
      'reelstate.yaml': settings([acme.url, globex.url]).replace('[app-globex]', '[app-globex, app-acme]'),
    });
    const ran = await reelstate(cwd, ['apply']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      'reelstate.yaml:3:14: error[app-id-twice]: this App ID is listed in reelstate.yaml:8:26 (globex) as well',
    );
    expect(ran.stderr).toContain(
      'reelstate.yaml:8:26: error[app-id-twice]: this App ID is listed in reelstate.yaml:3:14 (acme) as well',
    );
    expect(ran.stderr).toContain('recordings/a1.yaml:2:10: error[app-id-account]: the App ID is listed more');
    expect(await acme.requests()).toEqual([]);
    expect(await sids(globex)).toEqual(['sid-g1', 'sid-g2', 'sid-g3']);
  });
});

describe('the settings file', () => {
  it('that is wrong stops what sends, and a plan says so in its own form', async () => {
    const { cwd, acme, globex } = await twoServices();
    const wrong = settings([acme.url, globex.url]).replace('customerSecret', 'customersecret');
    await put(cwd, { 'reelstate.yaml': wrong });
    const place = 'reelstate.yaml:5:5: error[unknown-field]: unknown field "customersecret" in acme';
    const applied = await reelstate(cwd, ['apply']);
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain(place);
    expect(applied.stderr).toContain('it is not known which accounts there are');
    expect([...(await acme.requests()), ...(await globex.requests())]).toEqual([]);
    const validated = await reelstate(cwd, ['validate']);
    expect([validated.code, validated.stdout.includes(place)]).toEqual([1, true]);
    const plan = JSON.parse((await reelstate(cwd, ['plan', '--json'])).stdout);
    expect(plan.applyable).toBe(false);
    expect(plan.diagnostics).toMatchObject([
      { code: 'unknown-field', range: { filename: 'reelstate.yaml', start: { line: 5, column: 5 } } },
    ]);
  });

  it('that is named must be there', async () => {
    const cwd = await folder(files());
    // Passed over, everything would go with the variables' account.
    await put(cwd, { 'reelstate.yml': 'accounts: {}\n' });
    const ending = await reelstate(cwd, ['apply']);
    expect(ending).toMatchObject({ code: 1 });
    expect(ending.stderr).toContain('reelstate.yml is not read: the settings file is called reelstate.yaml');
    const ran = await reelstate(cwd, ['plan', '--config', 'nowhere.yaml']);
    expect(ran).toMatchObject({ code: 64 });
    expect(ran.stderr).toContain('--config "nowhere.yaml": there is no such file');
    expect((await reelstate(cwd, ['plan'], { REELSTATE_CONFIG: 'nowhere.yaml' })).code).toBe(64);
  });

  it('keeps its variables and files from recording files, and from the programs that these name', async () => {
    const { cwd, acme } = await twoServices();
    await put(cwd, {
      'secret-of-acme': 'acme-secret\n',
      'reelstate.yaml': settings([acme.url, acme.url]).replace(
        '{ fromEnv: ACME_SECRET }',
        '{ fromFile: secret-of-acme }',
      ),
      'recordings/a1.yaml': `${file('app-acme', 'a1')}storage:
  vendor: s3
  region: US_EAST_1
  bucket: b
  accessKey: { fromEnv: GLOBEX_SECRET }
  secretKey: { fromFile: ../secret-of-acme }
`,
      'recordings/a2.yaml': `${file('app-acme', 'a2')}storage:
  vendor: s3
  region: US_EAST_1
  bucket: b
  credentials: { fromCommand: [sh, -c, 'env > seen; cat /proc/$PPID/environ >> seen; false'] }
`,
    });
    const ran = await reelstate(cwd, ['apply'], { ACME_SECRET: '' });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      "recordings/a1.yaml:12:14: error[reference-out-of-bounds]: the variable GLOBEX_SECRET is an account's, by the settings file, and never a value",
    );
    expect(ran.stderr).toContain('recordings/a1.yaml:13:14: error[reference-out-of-bounds]');
    const { readFile } = await import('node:fs/promises');
    const seen = await readFile(join(cwd, 'seen'), 'utf8');
    expect(seen).toContain('PATH=');
    expect(seen).not.toMatch(/acme-secret|globex-secret|=globex\b/);
  });

  it('of a stranger leads nowhere', async () => {
    const outside = await folder({ 'other.yaml': 'accounts: { topsecret: 1 }\n' });
    const { symlink } = await import('node:fs/promises');
    const cwd = await folder(files());
    await symlink(join(outside, 'other.yaml'), join(cwd, 'reelstate.yaml'));
    const ran = await reelstate(cwd, ['plan', '--untrusted']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('the settings file reelstate.yaml cannot be read: it leads out');
    expect(ran.stdout + ran.stderr).not.toContain('topsecret');
  });
});

it('another account is refused, and rebind binds each recording to the account of its App ID', async () => {
  const { cwd, acme, globex } = await twoServices();
  expect((await reelstate(cwd, ['apply'])).code).toBe(0);
  const swapped = { ...VALUES, GLOBEX_ID: 'other' };
  const refused = await reelstate(cwd, ['apply', '--resync'], swapped);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /belongs to another account \(\w+\) than reelstate.yaml names for it \(\w+\): g\d/,
  );
  // What is known is as little that account's where it is only looked at.
  const looked = await reelstate(cwd, ['status'], swapped);
  expect(looked).toMatchObject({ code: 1, stdout: '' });
  expect(looked.stderr).toMatch(/belongs to another account \(\w+\) than reelstate.yaml names for it/);
  // A customer ID that is not at hand is nothing to go by, and no finding.
  const blind = await reelstate(cwd, ['status'], { ...VALUES, GLOBEX_ID: '', GLOBEX_SECRET: '' });
  expect(blind).toMatchObject({ code: 0, stderr: '' });
  // plan knows no credentials, and the service is the same.
  expect((await reelstate(cwd, ['plan'], swapped)).code).toBe(0);
  const rebound = await reelstate(cwd, ['state', 'rebind', '--yes'], swapped);
  expect(rebound.stdout).toMatch(/^Bound 3 recordings to .*, with the account of reelstate.yaml\.\n$/);
  // The services have changed places.
  await put(cwd, { 'reelstate.yaml': settings([globex.url, acme.url]) });
  const moved = await reelstate(cwd, ['plan']);
  expect(moved.code).toBe(1);
  expect(moved.stderr).toMatch(/belongs to http:\S+, and this command is for http:\S+ \(a1 and 2 more\)/);
});
