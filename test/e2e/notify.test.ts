import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { folder, put, recording, run } from '../support/cli.ts';
import { until, watching } from '../support/watching.ts';

/*
 * What a daemon posts to --notify.
 */

const FILE = (color: string) => ({
  'recordings/a.yaml': recording('a', `layout: { backgroundColor: "${color}" }\n`),
});

async function chat(status: (n: number) => number = () => 200) {
  const heard: { headers: Record<string, unknown>; body: string; path: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (more: string) => {
      body += more;
    });
    request.on('end', () => {
      heard.push({ headers: request.headers, body, path: request.url ?? '' });
      response.writeHead(status(heard.length)).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { heard, url: `http://127.0.0.1:${port}/hooks/a-secret-path` };
}

it('a refused call and its end are told, signed, and neither holds up a call', {
  timeout: 60_000,
}, async () => {
  const cwd = await folder(FILE('#000001'));
  const [good, bad] = [await chat((n) => (n === 1 ? 503 : 200)), await chat(() => 500)];
  const w = await watching(cwd, ['--notify', good.url, '--notify', bad.url], {
    // A line end comes from how it was put there.
    env: { REELSTATE_NOTIFY_SECRET: 'the-notify-secret\n' },
    sim: ['--fault', '400@times=1'],
  });
  await w.condition('a', 'Stalled', 'Refused');
  await until(async () => good.heard.length >= 2, 'the first notice', 20_000);
  await put(cwd, FILE('#000002'));
  await w.condition('a', 'Ready');
  await until(async () => good.heard.length >= 3, 'the second', 20_000);
  const [first, again, second] = good.heard.map(({ body }) => JSON.parse(body));
  expect(again).toEqual(first);
  expect(first).toMatchObject({
    event: 'stalled',
    recording: 'a',
    condition: 'Stalled',
    reason: 'Refused',
    commit: null,
  });
  expect(Date.parse(first.since)).toBeGreaterThan(0);
  expect(second).toMatchObject({ event: 'ready', recording: 'a', condition: 'Ready' });
  for (const { headers, body, path } of good.heard) {
    expect(path).toBe('/hooks/a-secret-path');
    expect(headers['x-reelstate-signature']).toBe(
      `sha256=${createHmac('sha256', 'the-notify-secret').update(body).digest('hex')}`,
    );
  }
  expect(bad.heard.length).toBeGreaterThan(1);
  const { code, stderr } = await w.stop();
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/a-secret-path|the-notify-secret/);
});

it.each([
  'http://chat.example.com/hooks/s3cr3t',
  'chat.example.com/s3cr3t',
  'ftp://chat.example.com/s3cr3t',
  'https://chat.example.com/{{s3cr3t}}',
  'https://chat.example.com/<s3cr3t>',
  '',
])('the command line is wrong: --notify %j', async (url) => {
  const cwd = await folder(FILE('#000001'));
  const ran = await run(['watch', '--notify', url], { cwd });
  expect(ran).toMatchObject({ code: 64, stderr: expect.stringMatching(/^reelstate: --notify/) });
  expect(ran.stderr).not.toContain('s3cr3t');
});
