import type { IncomingMessage } from 'node:http';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { callsPage } from '../page/calls.ts';
import { ASSETS, messagePage } from '../page/document.ts';
import script from '../page/live.js?raw';
import { LOOK } from '../page/look.ts';
import { overviewPage } from '../page/overview.ts';
import { recordingPage } from '../page/recording.ts';
import { readQuery } from '../page/select.ts';
import worker from '../page/worker.js?raw';
import { Hook } from './hook.ts';
import type { News } from './news.ts';
import type { PageViews } from './page-views.ts';

/** What the daemon answers with. */
export interface Views {
  /** Why it is not ready; empty when it is. */
  notReady: () => string[];
  /** Why it sends nothing although it is ready: another process does. Undefined where it sends. */
  standby: () => string | undefined;
  /** Why it is not well; empty when it is. */
  notHealthy: () => string[];
  metrics: () => Promise<{ type: string; text: string }>;
  recordings: () => object;
  /** What is known of each recording, secrets by reference alone. */
  known: () => Promise<object>;
  /** The pages for people. */
  pages: PageViews;
  news: News;
  /** Milliseconds from an arbitrary start. */
  monotonic: () => number;
  /** Resolves after so many milliseconds. */
  pause: (ms: number) => Promise<void>;
  /** The webhook for new commits; left out, there is none. `now`: milliseconds since 1970. */
  hook?: { secret: string; onNews: () => void; now: () => number } | undefined;
}

export const HOOK = '/hooks/git';

/** What a handler has of a request beside what Hono reads. */
export interface Routed {
  Bindings: { request: IncomingMessage };
}

type Asked = Context<Routed>;

/** Clients that events are sent to at a time: enough for every desk, and connections are left for the rest. */
const MAX_LISTENERS = 128;
/** Between two signs of life, in milliseconds. Connections that are silent for a minute are closed. */
const SIGN_OF_LIFE = 10_000;

/** A page runs and shows only what comes from here, talks to no other place, and is shown in no frame. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Everything that is served: for reading only, and where there is a secret for it, the webhook. */
export function routes(views: Views): Hono<Routed> {
  const app = new Hono<Routed>();
  const { hook } = views;
  app.get('/healthz', (c) => check(c, views.notHealthy()));
  app.get('/readyz', (c) => check(c, views.notReady(), views.standby()));
  app.get('/metrics', async (c) => {
    const { type, text } = await views.metrics();
    return c.body(text, 200, { 'content-type': type });
  });
  app.get('/api/recordings', (c) => json(c, views.recordings()));
  app.get('/api/known', async (c) => json(c, await views.known()));
  app.get('/api/events', (c) => events(c, views));
  addPages(app, views);
  const readable = app.routes.map(({ path }) => path);
  for (const path of readable) app.all(path, (c) => line(c, 405, 'only GET', { allow: 'GET, HEAD' }));
  if (hook) {
    const taking = new Hook(hook.secret, hook.onNews, hook.now);
    app.post(HOOK, async (c) => {
      const { status, text } = await taking.take(c.env.request);
      return line(c, status, text.trimEnd());
    });
    app.all(HOOK, (c) => line(c, 405, 'only POST', { allow: 'POST' }));
  }
  app.notFound((c) =>
    line(c, 404, 'no such thing here: try /, /healthz, /readyz, /metrics or /api/recordings'),
  );
  app.onError((_, c) => line(c, 500, 'failed'));
  return app;
}

/** The pages for people, and what they load. */
function addPages(app: Hono<Routed>, views: Views): void {
  const pages = new Rendered(views);
  app.get('/', (c) =>
    pages.answer(c, async () => {
      const view = await views.pages.overview();
      return overviewPage(view, readQuery(new URL(c.req.url).searchParams));
    }),
  );
  app.get('/recording', (c) =>
    pages.answer(c, async () => {
      const view = await views.pages.recording(c.req.query('name') ?? '');
      return view && recordingPage(view);
    }),
  );
  app.get('/calls', (c) =>
    pages.answer(c, async () => callsPage(await views.pages.calls(), views.pages.now)),
  );
  const assets = [
    [ASSETS.look, LOOK, 'text/css'],
    [ASSETS.script, script, 'text/javascript'],
    [ASSETS.worker, worker, 'text/javascript'],
  ] as const;
  for (const [path, text, type] of assets)
    app.get(path, (c) => c.body(text, 200, { 'content-type': `${type}; charset=utf-8` }));
}

type Status = 200 | 202 | 401 | 404 | 405 | 413 | 500 | 503;

function line(c: Asked, status: Status, text: string, headers: Record<string, string> = {}): Response {
  return c.text(`${text}\n`, status, headers);
}

/** @param note said where all is well */
function check(c: Asked, reasons: readonly string[], note?: string): Response {
  const good = note === undefined ? 'ok' : `ok\n${note}`;
  return line(c, reasons.length > 0 ? 503 : 200, reasons.join('\n') || good);
}

function json(c: Asked, value: object): Response {
  return c.body(`${JSON.stringify(value)}\n`, 200, { 'content-type': 'application/json; charset=utf-8' });
}

/** Pages that are kept at hand: as many tabs may show the same. */
const KEPT = 64;
/** How long a page may be shown again although nothing has changed, in milliseconds: its times go on. */
const FRESH = 5_000;

/** Between two pages, in milliseconds: fifty tabs have theirs within a quarter of a second. */
const BETWEEN = 4;
/** Processor time that handing over a page takes, in milliseconds: 0.9 for 73 KB, measured. */
const HANDED_OVER = 1;

interface Kept {
  version: number;
  /** On the monotonic clock. */
  at: number;
  /** undefined where there is no such recording. */
  made: Promise<Buffer | undefined>;
}

/** The pages as they were last made, so that many tabs cost little more than one. */
class Rendered {
  readonly #views: Views;
  readonly #pages = new Map<string, Kept>();
  /** Pages are handed over one by one, and what lies between two of them is for everything else: calls first of all. */
  #line: Promise<void> = Promise.resolve();

  constructor(views: Views) {
    this.#views = views;
  }

  /** @param make undefined where there is no such recording */
  async answer(c: Asked, make: () => Promise<string | undefined>): Promise<Response> {
    const before = this.#line;
    this.#line = before.then(() => this.#views.pause(BETWEEN));
    await before;
    const page = await this.#page(c.req.url, make);
    this.#views.news.spent(HANDED_OVER);
    const headers = { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' };
    if (page) return c.body(page as Buffer<ArrayBuffer>, 200, headers);
    return c.body(messagePage('No such recording', 'No file names a recording like that.'), 404, headers);
  }

  #page(url: string, make: () => Promise<string | undefined>): Kept['made'] {
    const { news, monotonic } = this.#views;
    const kept = this.#pages.get(url);
    const at = monotonic();
    if (kept?.version === news.version && at - kept.at < FRESH) return kept.made;
    const made = this.#make(make);
    // A page that could not be made is made anew.
    made.catch(() => this.#pages.delete(url));
    this.#pages.delete(url);
    this.#pages.set(url, { version: news.version, at, made });
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > KEPT && oldest !== undefined) this.#pages.delete(oldest);
    return made;
  }

  async #make(make: () => Promise<string | undefined>): Kept['made'] {
    const { news, monotonic } = this.#views;
    const began = monotonic();
    const text = await make();
    news.spent(monotonic() - began);
    return text === undefined ? undefined : Buffer.from(text);
  }
}

/**
 * `change` at first and whenever something has changed, `alive` in between. Neither says what: numbers and times alone, so
 * that a client looks again where it has to.
 */
function events(c: Asked, { news, pages }: Views): Response {
  if (news.listeners >= MAX_LISTENERS)
    return line(c, 503, 'too many clients follow already', { 'retry-after': '30' });
  const { socket } = c.env.request;
  return streamSSE(c, async (stream) => {
    const over = new AbortController();
    stream.onAbort(() => over.abort());
    socket.once('close', () => over.abort());
    let seen = 0;
    while (!over.signal.aborted) {
      const { version } = news;
      const { notReady, counts, lookedAt } = pages.head();
      const data = { version, ready: notReady.length === 0, recordings: counts, looked_at: iso(lookedAt) };
      await stream.writeSSE({ event: version === seen ? 'alive' : 'change', data: JSON.stringify(data) });
      seen = version;
      await news.after(version, SIGN_OF_LIFE, over.signal);
    }
  });
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
