import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

/*
 * The example that hands notifications on to a chat.
 */

it('hands on what is signed, and nothing else', async () => {
  const said: string[] = [];
  let status = 200;
  const chat = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => said.push(text));
    request.on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve));
  const relay = spawn(process.execPath, [join(import.meta.dirname, 'notify/chat.mjs')], {
    env: {
      CHAT_WEBHOOK: `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hook`,
      REELSTATE_NOTIFY_SECRET: 'secret',
      PORT: '0',
    },
  });
  onTestFinished(() => {
    relay.kill();
    chat.closeAllConnections();
    chat.close();
  });
  const url = await new Promise<string>((resolve) => {
    relay.stdout.once('data', (text) => resolve(`${text}`.trim()));
  });
  const body = JSON.stringify({ event: 'stalled', text: 'keynote is Stalled (Refused): no' });
  const sign = (key: string) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
  const post = async (headers: Record<string, string>) =>
    (await fetch(url, { method: 'POST', body, headers })).status;
  expect(await post({})).toBe(401);
  expect(await post({ 'x-reelstate-signature': sign('another') })).toBe(401);
  expect(said).toEqual([]);
  expect(await post({ 'x-reelstate-signature': sign('secret') })).toBe(204);
  expect(said).toEqual(['{"text":":red_circle: keynote is Stalled (Refused): no"}']);
  status = 500;
  expect(await post({ 'x-reelstate-signature': sign('secret') })).toBe(503);
});
