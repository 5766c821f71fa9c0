import type { RawOptions } from './commands/settings.ts';
import type * as declared from './library-types.ts';
import { Failure, usage } from './model/failure.ts';
import type { Io } from './model/ports.ts';
import { systemClock, systemRandom } from './system-clock.ts';

/*
 * `import … from 'reelstate'`: the commands, called by a program. Each goes the way of its command, with what the program
 * hands in for the process, and gives as values what the command prints as JSON.
 */

export { Failure, systemClock };

type Surroundings = keyof declared.Surroundings | 'names' | 'signal' | 'onEvent' | 'onLog';
/** What an option takes. A program without types says other things, and a bound that was not understood is none. */
const KINDS = {
  text: { is: (value: unknown) => typeof value === 'string', what: 'a text' },
  number: { is: (value: unknown) => typeof value === 'number', what: 'a number' },
  switch: { is: (value: unknown) => typeof value === 'boolean', what: 'true or false' },
  list: { is: isTexts, what: 'a list of texts' },
  texts: {
    is: (value: unknown) => typeof value === 'string' || isTexts(value),
    what: 'a text or a list of texts',
  },
  value: { is: () => true, what: '' },
} as const;
type Kind = keyof typeof KINDS;
/** Every option of a function, so that one that is added to the declaration is not passed over here. */
type Kinds<Options> = Record<Exclude<keyof Options, Surroundings>, Kind>;

const SETTINGS: Kinds<declared.Settings> = {
  dir: 'text',
  state: 'text',
  endpoint: 'texts',
  rate: 'number',
  cache: 'switch',
  unsubscribeSpelling: 'text',
  secretsDir: 'list',
  allowEnv: 'list',
  allowCommand: 'list',
  git: 'switch',
  ref: 'text',
};
const PLAN: Kinds<declared.PlanOptions> = {
  ...SETTINGS,
  select: 'list',
  resync: 'switch',
  allowEmpty: 'switch',
  untrusted: 'switch',
};
const SENDING = { rateScope: 'text', region: 'text', timeout: 'text', keepHistory: 'text' } as const;
const APPLY: Kinds<declared.ApplyOptions> = {
  ...SETTINGS,
  ...SENDING,
  select: 'list',
  resync: 'switch',
  allowEmpty: 'switch',
  retryFor: 'text',
  lockTimeout: 'text',
};
const WATCH: Kinds<declared.WatchOptions> = {
  ...SETTINGS,
  ...SENDING,
  listen: 'text',
  listenHost: 'list',
  listenTokenFile: 'text',
  notify: 'list',
  resync: 'text',
  selfHeal: 'switch',
  resyncForce: 'switch',
  sweep: 'text',
  gitUrl: 'text',
  interval: 'text',
  verifySignatures: 'switch',
  logLevel: 'text',
};
const SIMULATE: Kinds<declared.SimulateOptions> = {
  host: 'text',
  port: 'number',
  credentials: 'value',
  rate: 'number',
  recordings: 'value',
  latency: 'text',
  faults: 'list',
  seed: 'number',
  unsubscribeSpelling: 'text',
};

export const plan: typeof declared.plan = async (options) => {
  const command = await import('./commands/plan.ts');
  const said: string[] = [];
  await command.plan(
    namesOf(options),
    rawOf(options, PLAN),
    ioOf(options, (text) => said.push(text)),
  );
  return JSON.parse(said.join('')) as declared.Plan;
};

export const apply: typeof declared.apply = async (options) => {
  const command = await import('./commands/apply.ts');
  const diagnostics: declared.Diagnostic[] = [];
  let summary: unknown;
  const take = (line: string) => {
    const event = JSON.parse(line) as declared.ApplyEvent;
    if (event.type === 'change_summary') summary = event;
    if (event.type === 'diagnostic') diagnostics.push(event.diagnostic as declared.Diagnostic);
    options.onEvent?.(event);
  };
  // A call of a function is an answer already: there is no terminal to ask on.
  const raw = { ...rawOf(options, APPLY), yes: true };
  const code = await command.apply(namesOf(options), raw, ioOf(options, inLines(take), options.signal));
  const { changes, calls, held_back, stopped } = summary as declared.ApplyResult;
  return {
    complete: code === 0,
    ...{ changes, calls, held_back },
    ...(stopped === undefined ? {} : { stopped }),
    diagnostics,
  };
};

export const watch: typeof declared.watch = async (options) => {
  const command = await import('./commands/watch.ts');
  const { onLog, err } = options;
  const log = inLines((line) => {
    // Beside the log there may be a note for people.
    if (line.startsWith('{')) onLog?.(JSON.parse(line) as declared.LogEntry);
  });
  const write = (text: string) => {
    log(text);
    err?.write(text);
  };
  let failed: Failure | undefined;
  // In JSON, whatever a variable says: it is read here.
  const raw = { ...rawOf(options, WATCH), logFormat: 'json' };
  const io = ioOf({ ...options, err: { write } }, () => {}, options.signal);
  const code = await command.watch(raw, io, (failure) => {
    failed = failure;
  });
  if (code !== 0) throw failed ?? new Failure('watch has ended, and its log says why');
};

export const simulate: typeof declared.simulate = async (options = {}) => {
  checkOptions(options, SIMULATE);
  const { parseFaults, start } = await import('./commands/simulate.ts');
  const { faults, latency, clock = systemClock, host = '127.0.0.1', port = 0, ...others } = options;
  const rulesOf = (rules: readonly string[] = []) => parseFaults({ fault: [...rules], latency });
  const simulator = await start({ ...others, clock, host, port, faults: rulesOf(faults) });
  return { ...simulator, setFaults: (rules) => simulator.setFaults(rulesOf(rules)) };
};

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function namesOf({ names = [] }: { names?: readonly string[] }): string[] {
  if (!isTexts(names)) throw usage('names must be a list of texts');
  return [...names];
}

/** What is no flag. */
const AROUND: readonly string[] = [
  'cwd',
  'env',
  'clock',
  'random',
  'err',
  'names',
  'signal',
  'onEvent',
  'onLog',
] satisfies Surroundings[];

/** @throws Failure (64) for an option that there is not, or of another kind */
function checkOptions(options: object, known: Readonly<Record<string, Kind>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (AROUND.includes(name)) continue;
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw usage(`there is no option ${JSON.stringify(name)}`);
    if (value !== undefined && !KINDS[kind].is(value)) throw usage(`${name} must be ${KINDS[kind].what}`);
  }
}

/** Options as flags, to be checked where flags are checked. @throws Failure (64) as `checkOptions` does */
function rawOf(options: object, known: Readonly<Record<string, Kind>>): RawOptions {
  checkOptions(options, known);
  const flags = Object.entries(options).filter(
    ([name, value]) => !AROUND.includes(name) && value !== undefined,
  );
  return {
    json: true,
    ...Object.fromEntries(
      flags.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
    ),
  };
}

function ioOf(
  { cwd, env = {}, clock = systemClock, random = systemRandom, err }: declared.Surroundings,
  out: (text: string) => void,
  stop: AbortSignal = new AbortController().signal,
): Io {
  const own: Io['env'] = { ...env };
  if (typeof cwd !== 'string') throw usage('cwd is missing: the folder that relative paths count from');
  return {
    out: async (text) => out(text),
    err: async (text) => {
      err?.write(text);
    },
    input: async () => new Uint8Array(),
    env: own,
    // What the system shows of the process is the caller's.
    conceal: (names) => {
      for (const name of names) delete own[name];
    },
    ...{ cwd, clock, random, stop },
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 80,
    ask: undefined,
    onHangup: () => {},
  };
}

/** Calls `take` with each whole line. */
function inLines(take: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') take(line);
  };
}
