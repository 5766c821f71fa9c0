import type { RawOptions } from './commands/settings.ts';
import type * as declared from './library-types.ts';
import { Failure, usage } from './model/failure.ts';
import { isObject } from './model/json.ts';
import type { Io } from './model/ports.ts';
import { systemClock, systemRandom } from './system-clock.ts';

/*
 * `import … from 'reelstate'`: the commands, called by a program. Each goes the way of its command, with what the program
 * hands in for the process, and gives as values what the command prints as JSON.
 */

export { Failure, systemClock };

/** What an option may be, in the words of an error. */
const KINDS = {
  'a text': (value: unknown) => typeof value === 'string',
  'a number': (value: unknown) => typeof value === 'number',
  'true or false': (value: unknown) => typeof value === 'boolean',
  'a list of texts': (value: unknown) => Array.isArray(value) && value.every(KINDS['a text']),
  'a text or a list of texts': (value: unknown) => KINDS['a text'](value) || KINDS['a list of texts'](value),
  'an object': (value: unknown) => isObject(value),
  'a list': (value: unknown) => Array.isArray(value),
  'a function': (value: unknown) => typeof value === 'function',
};
type Kind = keyof typeof KINDS;
type KindOf<T> = [T] extends [boolean]
  ? 'true or false'
  : [T] extends [number]
    ? 'a number'
    : [T] extends [string]
      ? 'a text'
      : [T] extends [readonly string[]]
        ? 'a list of texts'
        : [T] extends [string | readonly string[]]
          ? 'a text or a list of texts'
          : [T] extends [readonly unknown[]]
            ? 'a list'
            : 'an object';

type Surroundings = keyof declared.Surroundings | 'signal' | 'onEvent' | 'onLog';
/** Every option of a function, so that one that is added to the declaration is not passed over here. */
type Names<Options> = {
  [Name in Exclude<keyof Options, Surroundings>]-?: KindOf<NonNullable<Options[Name]>>;
};

const SETTINGS: Names<declared.Settings> = {
  dir: 'a text',
  state: 'a text',
  endpoint: 'a text or a list of texts',
  rate: 'a number',
  cache: 'true or false',
  unsubscribeSpelling: 'a text',
  secretsDir: 'a list of texts',
  allowEnv: 'a list of texts',
  allowCommand: 'a list of texts',
  git: 'true or false',
  ref: 'a text',
};
const PLAN: Names<declared.PlanOptions> = {
  ...SETTINGS,
  names: 'a list of texts',
  select: 'a list of texts',
  resync: 'true or false',
  allowEmpty: 'true or false',
  untrusted: 'true or false',
};
const SENDING = {
  rateScope: 'a text',
  region: 'a text',
  timeout: 'a text',
  keepHistory: 'a text',
} as const;
const APPLY: Names<declared.ApplyOptions> = {
  ...SETTINGS,
  ...SENDING,
  names: 'a list of texts',
  select: 'a list of texts',
  resync: 'true or false',
  allowEmpty: 'true or false',
  retryFor: 'a text',
  lockTimeout: 'a text',
};
const WATCH: Names<declared.WatchOptions> = {
  ...SETTINGS,
  ...SENDING,
  listen: 'a text',
  listenHost: 'a list of texts',
  listenTokenFile: 'a text',
  notify: 'a list of texts',
  resync: 'a text',
  selfHeal: 'true or false',
  resyncForce: 'true or false',
  sweep: 'a text',
  gitUrl: 'a text',
  interval: 'a text',
  verifySignatures: 'true or false',
  logLevel: 'a text',
};
const SIMULATE: Names<declared.SimulateOptions> = {
  host: 'a text',
  port: 'a number',
  credentials: 'an object',
  rate: 'a number',
  recordings: 'a list',
  latency: 'a text',
  faults: 'a list of texts',
  seed: 'a number',
  unsubscribeSpelling: 'a text',
};

export const plan: typeof declared.plan = async (options) => {
  const raw = rawOf(options, PLAN);
  const command = await import('./commands/plan.ts');
  const said: string[] = [];
  await command.plan(
    namesOf(options),
    raw,
    ioOf(options, (text) => said.push(text)),
  );
  return JSON.parse(said.join('')) as declared.Plan;
};

export const apply: typeof declared.apply = async (options) => {
  // A call of a function is an answer already: there is no terminal to ask on.
  const raw = { ...rawOf(options, APPLY), yes: true };
  const command = await import('./commands/apply.ts');
  const caller = callerOf(options);
  const diagnostics: declared.Diagnostic[] = [];
  let summary: unknown;
  const take = (line: string) => {
    const event = JSON.parse(line) as declared.ApplyEvent;
    if (event.type === 'change_summary') summary = event;
    if (event.type === 'diagnostic') diagnostics.push(event.diagnostic as declared.Diagnostic);
    caller.tell(() => options.onEvent?.(event));
  };
  const code = await command.apply(namesOf(options), raw, ioOf(options, inLines(take), caller.stop));
  caller.check();
  const { changes, calls, held_back, stopped } = summary as declared.ApplyResult;
  return {
    complete: code === 0,
    ...{ changes, calls, held_back },
    ...(stopped === undefined ? {} : { stopped }),
    diagnostics,
  };
};

export const watch: typeof declared.watch = async (options) => {
  // In JSON, whatever a variable says: it is read here.
  const raw = { ...rawOf(options, WATCH), logFormat: 'json' };
  const command = await import('./commands/watch.ts');
  const caller = callerOf(options);
  const { onLog, err } = options;
  const log = inLines((line) => {
    // Beside the log there may be a note for people.
    if (line.startsWith('{')) caller.tell(() => onLog?.(JSON.parse(line) as declared.LogEntry));
  });
  const write = (text: string) => {
    log(text);
    err?.write(text);
  };
  let failed: Failure | undefined;
  const io = ioOf({ ...options, err: { write } }, () => {}, caller.stop);
  const code = await command.watch(raw, io, (failure) => {
    failed = failure;
  });
  caller.check();
  if (code !== 0) throw failed ?? new Failure('watch has ended, and its log says why');
};

export const simulate: typeof declared.simulate = async (options = {}) => {
  check(options, SIMULATE);
  const { parseFaults, start } = await import('./commands/simulate.ts');
  const { faults, latency, clock = systemClock, host = '127.0.0.1', port = 0, ...others } = options;
  const rulesOf = (rules: readonly string[] = []) => {
    check({ faults: rules }, SIMULATE);
    return parseFaults({ fault: [...rules], latency });
  };
  const simulator = await start({ ...others, clock, host, port, faults: rulesOf(faults) });
  return { ...simulator, setFaults: (rules) => simulator.setFaults(rulesOf(rules)) };
};

function namesOf({ names }: { names?: readonly string[] }): string[] {
  return [...(names ?? [])];
}

/** What is no flag. */
const AROUND: Readonly<Record<Surroundings, Kind>> = {
  cwd: 'a text',
  env: 'an object',
  clock: 'an object',
  random: 'a function',
  err: 'an object',
  signal: 'an object',
  onEvent: 'a function',
  onLog: 'a function',
};

/** @throws Failure (64) for an option that there is not, or that is of another kind */
function check(options: object, known: Readonly<Record<string, Kind>>): void {
  if (!isObject(options)) throw usage('the options must be an object');
  for (const [name, value] of Object.entries(options)) {
    const kind = kindIn(known, name) ?? kindIn(AROUND, name);
    if (kind === undefined) throw usage(`there is no option ${JSON.stringify(name)}`);
    if (value !== undefined && !KINDS[kind](value))
      throw usage(`${name} must be ${kind}, not ${found(value)}`);
  }
}

function kindIn(kinds: Readonly<Record<string, Kind>>, name: string): Kind | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

function found(value: unknown): string {
  if (value === null) return 'nothing';
  const kinds = Object.keys(KINDS) as Kind[];
  return kinds.find((kind) => KINDS[kind](value)) ?? `a ${typeof value}`;
}

/** Options as flags, to be checked where flags are checked. @throws Failure (64) for an option that there is not */
function rawOf(options: object, known: Readonly<Record<string, Kind>>): RawOptions {
  check(options, known);
  const flags = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(known, name) && value !== undefined,
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

/**
 * The caller's own functions, which are told in the middle of the work. What they throw ends it as `signal` does, so that
 * what is in flight is answered and recorded, and is thrown when that is done.
 */
function callerOf({ signal }: { signal?: AbortSignal }) {
  const stop = new AbortController();
  const thrown: unknown[] = [];
  return {
    stop: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    tell(act: () => void): void {
      try {
        act();
      } catch (error) {
        thrown.push(error);
        stop.abort();
      }
    },
    check(): void {
      if (thrown.length > 0) throw thrown[0];
    },
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
