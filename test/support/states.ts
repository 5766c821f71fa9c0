import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Answered, Intent, Outcome } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import type { Reader, StateOptions, Writer } from '../../src/model/store.ts';
import { openState, readState } from '../../src/state/open.ts';
import { systemClock } from '../../src/system-clock.ts';
import { whenTestEnds } from './cli.ts';
import { identity } from './engine.ts';
import { PASSWORD, type Server, startServer, withoutServer } from './postgres.ts';

/** A kind of state, for what must hold for all of them. */
export interface StateKind {
  name: string;
  /** The address of a new state, which goes when the test ends. */
  place: () => Promise<string>;
  /** Ends what all of them need. */
  end: () => Promise<void>;
  /** Processes share it: numbers have gaps, and the allowance is kept in places of its own. */
  isShared: boolean;
}

const SQLITE: StateKind = { name: 'SQLite', place: stateFolder, end: async () => {}, isShared: false };

let server: Promise<Server> | undefined;
const POSTGRES: StateKind = {
  name: 'PostgreSQL',
  place: async () => {
    server ??= startServer();
    return (await server).address();
  },
  end: async () => {
    const started = await server;
    server = undefined;
    await started?.stop();
  },
  isShared: true,
};

/** Those that can be had on this machine. */
export const KINDS: readonly StateKind[] = withoutServer() === undefined ? [SQLITE, POSTGRES] : [SQLITE];

/** A folder for a state, not made yet. */
export async function stateFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'reelstate-state-'));
  whenTestEnds(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return join(dir, 'state');
}

export const NOW = 1_750_000_000_000;

function options(more: Partial<StateOptions>): StateOptions {
  const shared = {
    clock: systemClock,
    env: { PGPASSWORD: PASSWORD },
    rateOf: () => 10,
    scope: 'account',
    patience: 5_000,
  } as const;
  return { command: 'a test', now: () => NOW, keyText: undefined, shared, ...more };
}

export function open(address: string, more: Partial<StateOptions> = {}): Promise<Writer> {
  return openState(address, options(more));
}

export function read(address: string, more: Partial<StateOptions> = {}): Promise<Reader> {
  return readState(address, options(more));
}

/**
 * What is known, as it is written down: by its keys, in an order of its own.
 * @param isExact with the number of the last event, and what counts against the allowance
 */
export function told(
  { state: { known, serial, orphaned, sent } }: Pick<Reader, 'state'>,
  isExact = true,
): unknown {
  const heads = [...known.heads()].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { name } of heads) {
    const named = [...known.named(name)].map(({ key }) => key).sort();
    expect(named).toEqual(heads.filter((head) => head.name === name).map(({ key }) => key));
  }
  expect([...known.named('a name that nothing has')]).toEqual([]);
  return JSON.parse(
    JSON.stringify({
      ...(isExact ? { serial, sent } : {}),
      // One without calls says nothing, and may be there or not.
      orphaned: [...orphaned]
        .filter(([, { update, updateLayout }]) => update.length + updateLayout.length > 0)
        .sort(),
      known: heads.map(({ key, target, account, digest, hasCredentials }) => [
        { target, account, digest, hasCredentials },
        known.get(key),
      ]),
    }),
  );
}

export function intent(n: number, color = '#000001', more: Partial<Intent> = {}): Intent {
  const who = identity(n);
  return {
    event: 'intent',
    key: recordingKey(who),
    name: `rec-${n}`,
    file: `recordings/${n}.yaml`,
    identity: who,
    endpoint: 'updateLayout',
    reason: 'changed',
    request: { mixedVideoLayout: 0, backgroundColor: color },
    ...more,
  };
}

export function answer(n: number, of: number, outcome: Outcome = 'applied'): Answered {
  return {
    event: 'answer',
    key: recordingKey(identity(n)),
    endpoint: 'updateLayout',
    of,
    outcome,
    ...(outcome === 'unknown' ? { message: 'no answer' } : { status: 200 }),
  };
}

/** A call and its answer. */
export async function call(store: Writer, n: number, color?: string, outcome?: Outcome): Promise<void> {
  await store.append(answer(n, await store.append(intent(n, color)), outcome));
}
