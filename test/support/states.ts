import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answered, Intent, Outcome } from '../../src/model/journal.ts';
import { recordingKey } from '../../src/model/recording-key.ts';
import type { Reader, StateOptions, Writer } from '../../src/model/store.ts';
import { openState, readState } from '../../src/state/open.ts';
import { whenTestEnds } from './cli.ts';
import { identity } from './engine.ts';

/** A kind of state, for what must hold for all of them. */
export interface StateKind {
  name: string;
  /** The address of a new state, which goes when the test ends. */
  place: () => Promise<string>;
}

export const KINDS: readonly StateKind[] = [{ name: 'SQLite', place: stateFolder }];

/** A folder for a state, not made yet. */
export async function stateFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'reelstate-state-'));
  whenTestEnds(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return join(dir, 'state');
}

export const NOW = 1_750_000_000_000;

function options(more: Partial<StateOptions>): StateOptions {
  return { command: 'a test', now: () => NOW, keyText: undefined, ...more };
}

export function open(address: string, more: Partial<StateOptions> = {}): Promise<Writer> {
  return openState(address, options(more));
}

export function read(address: string, more: Partial<StateOptions> = {}): Promise<Reader> {
  return readState(address, options(more));
}

/** What is known, as it is written down: by its keys, in an order of its own. */
export function told({ state: { known, serial, orphaned, sent } }: Pick<Reader, 'state'>): unknown {
  const heads = [...known.heads()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return JSON.parse(
    JSON.stringify({
      serial,
      sent,
      orphaned: [...orphaned].sort(),
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
