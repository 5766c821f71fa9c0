import { describe, expect, it } from 'vitest';
import { folder, recording, run, simulator } from '../support/cli.ts';
import { AUTHORITY, type Company, company } from '../support/proxy.ts';

const PASSWORD = 'pass%40word';
const SECRETS = ['pass@word', PASSWORD, Buffer.from('user:pass@word').toString('base64'), 'customer-secret'];

/** To the public domains, although the folder has a simulator. */
const PUBLIC = { REELSTATE_ENDPOINT: '' };

/** Two recordings' files, the service that has them, and the network that leads to it through a proxy alone. */
async function desk(answer?: (asked: Company['asked'][number]) => number) {
  const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
  const sim = await simulator(cwd);
  const net = await company(Number(new URL(sim.url).port), answer);
  const apply = async (env: Record<string, string>, args: readonly string[] = []) => {
    const ran = await run(['apply', '--yes', '--retry-for', '0', ...args], {
      cwd,
      env: { ...PUBLIC, NODE_EXTRA_CA_CERTS: AUTHORITY, ...env },
    });
    for (const secret of SECRETS) expect(ran.stdout + ran.stderr).not.toContain(secret);
    return ran;
  };
  /** Why the calls are planned, if they still are: one that may have left is planned for another reason. */
  const reasons = async () => {
    const { stdout } = await run(['plan', '--json'], { cwd, env: PUBLIC });
    const { recordings } = JSON.parse(stdout) as { recordings: { calls: { reason: string }[] }[] };
    return [...new Set(recordings.flatMap(({ calls }) => calls.map(({ reason }) => reason)))];
  };
  return { cwd, sim, net, apply, reasons };
}

describe('calls go through the proxy', () => {
  it.each([
    ['HTTPS_PROXY', (proxy: string) => `http://user:${PASSWORD}@${proxy}`],
    ['https_proxy', (proxy: string) => `http://user:${PASSWORD}@${proxy}/`],
    ['ALL_PROXY', (proxy: string) => proxy],
  ])('that %s names', async (variable, value) => {
    const { sim, net, apply, reasons } = await desk();
    const ran = await apply({ [variable]: value(net.proxy) });
    expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
    expect(await sim.requests()).toHaveLength(2);
    // A connection serves more than one call.
    expect(net.asked.length).toBeLessThanOrEqual(2);
    expect(net.asked[0]).toEqual({
      target: 'api.agora.io:443',
      credentials: value('').includes('user') ? `Basic ${SECRETS[2]}` : undefined,
    });
    expect(await reasons()).toEqual([]);
  });

  it('one after the other over one connection', async () => {
    const { net, apply } = await desk();
    await apply({ HTTPS_PROXY: net.proxy }, ['--rate', '1']);
    expect(net.asked).toHaveLength(1);
  });

  it('in mainland China to the domain that is nearer there, then to the neighbouring region', async () => {
    const { net, apply } = await desk(({ target }) => (target.startsWith('api.') ? 502 : 200));
    const ran = await apply({ HTTPS_PROXY: net.proxy }, ['--region', 'cn', '--retry-for', '30s']);
    expect(ran.code).toBe(0);
    expect([...new Set(net.asked.map(({ target }) => target))]).toEqual([
      'api.sd-rtn.com:443',
      'api-cn-east-1.sd-rtn.com:443',
    ]);
    expect(ran.stderr).toContain(
      `api.sd-rtn.com: the proxy ${net.proxy} (HTTPS_PROXY) answered 502: it does not reach this host`,
    );
  });

  it('to one endpoint after the other, each below its path', async () => {
    const { sim, net, apply } = await desk(({ target }) => (target.startsWith('api.agora') ? 403 : 200));
    const endpoints = ['https://api.agora.io/eu', 'https://api.sd-rtn.com/eu'].flatMap((url) => [
      '--endpoint',
      url,
    ]);
    // The simulator knows no such path: it is enough that it is asked there.
    await apply({ HTTPS_PROXY: net.proxy }, [...endpoints, '--retry-for', '3s']);
    expect(net.asked.map(({ target }) => target).slice(0, 3)).toEqual([
      'api.agora.io:443',
      'api.agora.io:443',
      'api.sd-rtn.com:443',
    ]);
    expect((await sim.requests())[0]?.path).toMatch(/^\/eu\/v1\/apps\//);
  });

  it('but never to this machine', async () => {
    const { sim, net, apply } = await desk();
    const env = {
      HTTPS_PROXY: net.proxy,
      HTTP_PROXY: net.proxy,
      ALL_PROXY: net.proxy,
      http_proxy: net.proxy,
    };
    expect((await apply(env, ['--endpoint', sim.url])).code).toBe(0);
    expect(net.asked).toEqual([]);
  });
});

describe('what goes wrong on the way is told, and nothing counts as sent', () => {
  it.each([
    [407, 'wants credentials (407): HTTPS_PROXY=http://USER:PASSWORD@PROXY'],
    [403, 'answered 403: it does not let calls to this host through; what NO_PROXY names goes straight'],
    [504, 'answered 504: it does not reach this host'],
  ])('the proxy answers %i', async (status, message) => {
    const { sim, net, apply, reasons } = await desk(() => status);
    const ran = await apply({ HTTPS_PROXY: `http://user:${PASSWORD}@${net.proxy}` });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      `the proxy ${net.proxy} (HTTPS_PROXY) ${message.replace('PROXY=http://USER:PASSWORD@PROXY', `PROXY=http://USER:PASSWORD@${net.proxy}`)}`,
    );
    expect(await reasons()).toEqual(['first-apply']);
    expect(await sim.requests()).toEqual([]);
  });

  it('the proxy is not there', async () => {
    const { apply, reasons } = await desk();
    const ran = await apply({ ALL_PROXY: 'http://127.0.0.1:1' });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      'the proxy 127.0.0.1:1 (ALL_PROXY): nothing listens there (connection refused)',
    );
    expect(await reasons()).toEqual(['first-apply']);
  });

  it('the proxy says nothing', async () => {
    const { net, apply, reasons } = await desk(() => 0);
    const ran = await apply({ HTTPS_PROXY: net.proxy }, ['--timeout', '500ms']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/the proxy \S+ \(HTTPS_PROXY\): no (answer|connection) within 0\.5 s/);
    expect(await reasons()).toEqual(['first-apply']);
  });

  it("a company's certificate", async () => {
    const { net, apply, reasons } = await desk();
    const ran = await apply({ HTTPS_PROXY: net.proxy, NODE_EXTRA_CA_CERTS: '' });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /api\.agora\.io: its certificate is not trusted \([A-Z_]+\); NODE_EXTRA_CA_CERTS=FILE\.pem adds a company's own authority/,
    );
    expect(await reasons()).toEqual(['first-apply']);
  });

  it.each([
    ['socks5://127.0.0.1:1080', 'SOCKS proxies are not supported'],
    ['socks5h://user:secret@127.0.0.1', 'SOCKS proxies are not supported'],
    ['ftp://127.0.0.1', 'must be an address such as http://proxy.example.com:3128'],
    ['http://user:%zz@127.0.0.1', 'must be an address such as http://proxy.example.com:3128'],
    ['http://', 'must be an address such as http://proxy.example.com:3128'],
  ])('ALL_PROXY=%s is no HTTP proxy', async (value, message) => {
    const { cwd } = await desk();
    const ran = await run(['apply', '--yes'], { cwd, env: { ...PUBLIC, ALL_PROXY: value } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`reelstate: ALL_PROXY: ${message}`);
    expect(ran.stderr).not.toContain('secret');
    // What sends nothing does not look at it.
    expect((await run(['plan'], { cwd, env: { ...PUBLIC, ALL_PROXY: value } })).code).toBe(0);
  });
});
