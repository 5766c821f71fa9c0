import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { until } from './watching.ts';

/*
 * A real Chromium, spoken to by the DevTools protocol over a pipe. It is looked for on the path, or at
 * REELSTATE_CHROMIUM.
 */

export const chromium: string | undefined = findChromium();

function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [process.env.REELSTATE_CHROMIUM, ...candidates].find((path) => {
    if (!path) return false;
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
}

interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** What a tab has said and asked since it was opened. */
export interface Tab {
  goto(url: string): Promise<void>;
  /** The value of an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  sees(expression: string, patience?: number): Promise<void>;
  /** Clicks on the element that a selector finds. */
  click(selector: string): Promise<void>;
  /** Types into what has the focus. */
  type(text: string): Promise<void>;
  press(key: 'Enter' | 'Tab'): Promise<void>;
  media(scheme: 'light' | 'dark'): Promise<void>;
  size(width: number, height: number): Promise<void>;
  /** A PNG of the whole page. */
  screenshot(): Promise<Buffer>;
  scripts(enabled: boolean): Promise<void>;
  /** Violations of axe-core, a line each. */
  axe(): Promise<string[]>;
  /** Console errors, exceptions, and what the policy of the page blocked. */
  errors: string[];
  /** Addresses that were asked for. */
  requests: string[];
  close(): Promise<void>;
}

export interface Browser {
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

const axeSource = () => readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function openBrowser(): Promise<Browser> {
  if (chromium === undefined) throw new Error('no Chromium');
  const profile = await mkdtemp(join(tmpdir(), 'reelstate-browser-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars'];
  const child: ChildProcess = spawn(
    chromium,
    [
      ...flags,
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      `--user-data-dir=${profile}`,
      '--remote-debugging-pipe',
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const [, , , into, from] = child.stdio as [null, null, null, Writable, Readable];
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, (message: Message) => void>();
  let rest = '';
  from.setEncoding('utf8').on('data', (more: string) => {
    const parts = (rest + more).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      const asked = message.id === undefined ? undefined : waiting.get(message.id);
      if (!asked) listeners.get(message.sessionId ?? '')?.(message);
      else if (message.error) asked.reject(new Error(message.error.message));
      else asked.resolve(message.result as never);
      if (message.id !== undefined) waiting.delete(message.id);
    }
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser ended'));
  });
  into.on('error', () => {});
  let n = 0;
  const send = <T = Record<string, never>>(method: string, params: object = {}, sessionId?: string) =>
    new Promise<T>((resolve, reject) => {
      n += 1;
      waiting.set(n, { resolve: resolve as never, reject });
      into.write(`${JSON.stringify({ id: n, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    });
  const axe = await axeSource();
  return {
    tab: () => openTab(send, listeners, axe),
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await send('Browser.close').catch(() => child.kill('SIGKILL'));
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Send = <T = Record<string, never>>(method: string, params?: object, sessionId?: string) => Promise<T>;

async function openTab(
  send: Send,
  listeners: Map<string, (message: Message) => void>,
  axe: string,
): Promise<Tab> {
  const { browserContextId } = await send<{ browserContextId: string }>('Target.createBrowserContext');
  const { targetId } = await send<{ targetId: string }>('Target.createTarget', {
    url: 'about:blank',
    browserContextId,
  });
  const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', {
    targetId,
    flatten: true,
  });
  const errors: string[] = [];
  const requests: string[] = [];
  listeners.set(sessionId, ({ method, params = {} }) => {
    if (method === 'Network.requestWillBeSent') requests.push((params.request as { url: string }).url);
    if (method === 'Runtime.exceptionThrown') errors.push(JSON.stringify(params.exceptionDetails));
    if (method === 'Runtime.consoleAPICalled' && /error|warning|assert/.test(String(params.type)))
      errors.push(JSON.stringify(params.args));
    if (method === 'Log.entryAdded' && (params.entry as { level: string }).level === 'error')
      errors.push(JSON.stringify(params.entry));
  });
  const call = <T = Record<string, never>>(method: string, params: object = {}) =>
    send<T>(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await call(`${domain}.enable`);
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await call<{
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string }; text: string };
    }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  return {
    errors,
    requests,
    evaluate,
    async goto(url) {
      await call('Page.navigate', { url });
      // By its address: the load of the page before it may be told meanwhile.
      const isThere = `document.readyState === 'complete' && location.href === ${JSON.stringify(new URL(url).href)}`;
      await until(() => evaluate<boolean>(isThere).catch(() => false), isThere);
    },
    sees: async (expression, patience) => {
      // A page that is being left cannot be asked.
      await until(() => evaluate<boolean>(expression).catch(() => false), expression, patience);
    },
    async click(selector) {
      const { x, y } = await evaluate<{ x: number; y: number }>(`(() => {
        const element = document.querySelector(${JSON.stringify(selector)});
        element.scrollIntoView({ block: 'center' });
        const { left, top, width, height } = element.getBoundingClientRect();
        return { x: left + width / 2, y: top + height / 2 };
      })()`);
      for (const type of ['mousePressed', 'mouseReleased'])
        await call('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    },
    type: (text) => call('Input.insertText', { text }).then(() => {}),
    async press(key) {
      const code = { Enter: 13, Tab: 9 }[key];
      const about = {
        key,
        code: key,
        windowsVirtualKeyCode: code,
        ...(key === 'Enter' ? { text: '\r' } : {}),
      };
      await call('Input.dispatchKeyEvent', { type: 'keyDown', ...about });
      await call('Input.dispatchKeyEvent', { type: 'keyUp', ...about });
    },
    media: (scheme) =>
      call('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      }).then(() => {}),
    size: (width, height) =>
      call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false }).then(
        () => {},
      ),
    async screenshot() {
      const { data } = await call<{ data: string }>('Page.captureScreenshot', {
        captureBeyondViewport: true,
      });
      return Buffer.from(data, 'base64');
    },
    scripts: (enabled) => call('Emulation.setScriptExecutionDisabled', { value: !enabled }).then(() => {}),
    async axe() {
      await evaluate(`${axe}; undefined`);
      return evaluate<
        string[]
      >(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`);
    },
    close: async () => {
      listeners.delete(sessionId);
      await send('Target.disposeBrowserContext', { browserContextId });
    },
  };
}
