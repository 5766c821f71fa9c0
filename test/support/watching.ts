import { endpointOf, type Started, simulator, start } from './cli.ts';

/** Waits until `look` gives something, asking again and again; fails with what it last saw. */
export async function until<T>(
  look: () => Promise<T | undefined | false>,
  what: string,
  patience = 8_000,
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A running `reelstate watch` beside a simulator. @param options.at a simulator that runs already; left out: a new one */
export async function watching(
  cwd: string,
  args: readonly string[] = [],
  options: {
    env?: Record<string, string>;
    sim?: readonly string[];
    at?: Awaited<ReturnType<typeof simulator>>;
    announced?: boolean;
  } = {},
) {
  // The state of a folder belongs to where its first service was.
  const { REELSTATE_ENDPOINT: before } = endpointOf(cwd);
  const place = before === undefined ? [] : ['--listen', new URL(before).host];
  const sim = options.at ?? (await simulator(cwd, [...place, ...(options.sim ?? [])], {}));
  const daemon: Started = start(['watch', '--endpoint', sim.url, '--listen', '127.0.0.1:0', ...args], {
    cwd,
    env: options.env ?? {},
  });
  // With a log level that says nothing of it, nobody can ask for the address either.
  const announced = options.announced !== false;
  const url = announced ? (await daemon.shows(/"url":"http:\/\/[^"]+"/, 'stderr')).slice(7, -1) : '';
  if (announced) await daemon.shows(/"msg":"watching"/, 'stderr');
  const api = async () => (await (await fetch(`${url}/api/recordings`)).json()) as Api;
  return {
    sim,
    daemon,
    url,
    api,
    /** The recording once its condition is as wanted. */
    condition: (name: string, type: string, reason?: string) =>
      until(
        async () => {
          const found = (await api()).recordings.find((each) => each.name === name);
          const now = found?.conditions.find(({ status }) => status === 'True');
          return now?.type === type && (!reason || now.reason === reason) && found;
        },
        `${name} ${type} ${reason ?? ''}`,
      ),
    /** What the service has of a recording, once it looks as wanted. */
    atService: (sid: string, wanted: (recording: Record<string, never>) => unknown) =>
      until(
        async () => (await sim.recordings()).find((each) => each.sid === (sid as never) && wanted(each)),
        `${sid} at the service`,
      ),
    get: (path: string) => fetch(`${url}${path}`),
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      daemon.child.kill(signal);
      const ended = await daemon.done;
      await sim.stop();
      // Whoever collects the log reads it line by line, whatever has happened.
      if (ended.code === 0 && !args.includes('pretty'))
        for (const line of ended.stderr.split('\n')) if (line !== '') JSON.parse(line);
      return ended;
    },
  };
}

interface Api {
  ready: boolean;
  not_ready_because: string[];
  recordings: {
    name: string;
    file: string;
    blocks: Record<string, string>;
    conditions: { type: string; status: string; reason: string; message: string }[];
    last_error: { message: string } | null;
  }[];
}
