/*
 * Takes what `reelstate watch --notify http://127.0.0.1:8080/` posts, checks its signature and hands the sentence on to a
 * chat: `CHAT_WEBHOOK=https://… REELSTATE_NOTIFY_SECRET=… node chat.mjs`. Slack, Mattermost, Rocket.Chat and Discord
 * (with /slack after its address) take {"text": …}. A chat that takes unknown fields needs nothing in between.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const { CHAT_WEBHOOK = '', REELSTATE_NOTIFY_SECRET = '', PORT = '8080' } = process.env;
const SIGNS = { stalled: ':red_circle:', ready: ':white_check_mark:', drift: ':warning:' };

function isSigned(body, given = '') {
  const right = `sha256=${createHmac('sha256', REELSTATE_NOTIFY_SECRET).update(body).digest('hex')}`;
  return given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (!isSigned(body, request.headers['x-reelstate-signature'])) return response.writeHead(401).end();
  const { event, text } = JSON.parse(body.toString());
  const answer = await fetch(CHAT_WEBHOOK, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: `${SIGNS[event]} ${text}` }),
  }).catch(() => undefined);
  // What the chat does not take now, reelstate sends again later.
  response.writeHead(answer?.ok ? 204 : 503).end();
}).listen(Number(PORT), '127.0.0.1', function listening() {
  process.stdout.write(`http://127.0.0.1:${this.address().port}\n`);
});
