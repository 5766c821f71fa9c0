import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { ask, serving } from '../support/http.ts';

/*
 * Which deliveries of git hosts are believed. That one leads to a fetch is in e2e/git.test.ts, and what bodies cost in
 * e2e/server.test.ts.
 */

const SECRET = 'a-hook-secret';

function hex(body: string, key = SECRET): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

async function hooked(secret = SECRET) {
  let news = 0;
  const onNews = () => {
    news += 1;
  };
  const url = await serving({ hook: { secret, onNews, now: Date.now } });
  const hook = (headers: Record<string, string>, body = '{}') =>
    ask(`${url}/hooks/git`, headers, 'POST', body);
  return { url, hook, news: () => news };
}

/** As Standard Webhooks sign (id.timestamp.body). */
function standard(key: string | Buffer, body = '{}', id = 'msg_1', time = Math.floor(Date.now() / 1000)) {
  const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(time),
    'webhook-signature': `v1,AAAA v1,${signature}`,
  };
}

it("takes GitHub's, GitLab's, Bitbucket's, Gitea's and Forgejo's headers", async () => {
  const w = await hooked();
  const body = '{"ref":"refs/heads/main"}';
  for (const headers of [
    { 'x-hub-signature-256': `sha256=${hex(body)}`, 'x-hub-signature': 'sha1=0000' },
    { 'x-gitlab-token': SECRET },
    { 'x-hub-signature': `sha256=${hex(body)}` },
    { 'x-gitea-signature': hex(body) },
    { 'x-forgejo-signature': hex(body), 'x-hub-signature-256': `sha256=${hex(body)}` },
    standard(SECRET, body),
  ]) {
    expect(await w.hook(headers as Record<string, string>, body)).toMatchObject({
      status: 202,
      text: 'looking\n',
    });
  }
  for (const headers of [
    {},
    { 'x-hub-signature': 'sha256=' },
    { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}` },
    { 'x-gitea-signature': hex(body, 'another') },
    { 'x-gitea-signature': `sha256=${hex(body)}` },
    { 'x-forgejo-signature': '' },
    standard('another', body),
    standard(SECRET, body, 'msg_1', Math.floor(Date.now() / 1000) - 600),
    standard(SECRET, 'other'),
    { ...standard(SECRET, body), 'webhook-id': 'msg_2' },
  ])
    expect(await w.hook(headers as Record<string, string>, body)).toMatchObject({
      status: 401,
      text: 'the signature is not right\n',
    });
  expect(w.news()).toBe(6);
  expect(await ask(`${w.url}/hooks/git`)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  expect((await ask(`${w.url}/hooks/git`, { host: 'evil.example' }, 'POST')).status).toBe(403);
});

it('a secret of Standard Webhooks is the base64 behind whsec_', async () => {
  const key = Buffer.from('a key of some length');
  const w = await hooked(`whsec_${key.toString('base64')}`);
  expect((await w.hook(standard(key))).status).toBe(202);
  expect((await w.hook(standard(`whsec_${key.toString('base64')}`))).status).toBe(401);
});

it('a delivery is taken once, and only one that is signed counts', async () => {
  const w = await hooked();
  const signed = { 'x-hub-signature-256': `sha256=${hex('{}')}` };
  for (const name of [
    'X-GitHub-Delivery',
    'Idempotency-Key',
    'X-Gitlab-Event-UUID',
    'X-Gitea-Delivery',
    'X-Request-UUID',
  ]) {
    const delivery = { [name]: 'one' };
    expect((await w.hook({ 'x-hub-signature-256': 'sha256=00', ...delivery })).status).toBe(401);
    expect(await w.hook({ ...signed, ...delivery })).toMatchObject({ status: 202, text: 'looking\n' });
    expect(await w.hook({ ...signed, ...delivery })).toMatchObject({ status: 202, text: 'taken before\n' });
    expect(await w.hook({ ...signed, [name]: 'two' })).toMatchObject({ text: 'looking\n' });
  }
  expect(await w.hook(signed)).toMatchObject({ text: 'looking\n' });
  expect(await w.hook(signed)).toMatchObject({ text: 'looking\n' });
  // The ID that is signed counts before one that whoever sends it again may choose.
  const once = standard(SECRET, '{}', 'msg_7');
  expect(await w.hook(once)).toMatchObject({ text: 'looking\n' });
  expect(await w.hook({ ...once, 'X-GitHub-Delivery': 'another' })).toMatchObject({
    text: 'taken before\n',
  });
});

it('what is larger than 5 MiB is not taken', async () => {
  const w = await hooked();
  expect((await w.hook({ 'x-gitlab-token': SECRET }, 'x'.repeat(5 * 1024 * 1024 + 1))).status).toBe(413);
  expect((await w.hook({ 'x-gitlab-token': SECRET }, 'x'.repeat(5 * 1024 * 1024))).status).toBe(202);
  expect(w.news()).toBe(1);
});

it('without a secret the path is not there', async () => {
  const url = await serving();
  expect((await ask(`${url}/hooks/git`, { 'x-gitlab-token': '' }, 'POST', '{}')).status).toBe(404);
});
