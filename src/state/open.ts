import { resolve } from 'node:path';
import { usage } from '../model/failure.ts';
import type { Reader, StateOptions, Writer } from '../model/store.ts';
import { checkAddress } from './postgres/address.ts';

/*
 * Where a state is kept is told by its address: a folder, in which there is an SQLite database, or the address of a PostgreSQL
 * database. What a kind of state
 * needs is loaded when one is opened.
 */

/** Asks a person. */
type Agree = (question: string) => Promise<void>;

/** A kind of state. */
interface Kind {
  /** Addresses of this kind. */
  is: RegExp;
  read: (address: string, options: StateOptions) => Promise<Reader>;
  write: (address: string, options: StateOptions) => Promise<Writer>;
  /** Ends what keeps others from writing, and says in a line what that was. */
  unlock: (address: string, options: StateOptions, agree: Agree) => Promise<string>;
}

const KINDS: readonly Kind[] = [
  {
    is: /^(?!\w+:\/\/)/,
    read: async (address, options) => (await import('./sqlite/reader.ts')).readFolder(address, options),
    write: async (address, options) => (await import('./sqlite/open.ts')).writeFolder(address, options),
    unlock: async () =>
      'There is nothing to unlock: the state is in a folder, and a process that was killed holds nothing any more.',
  },
  {
    is: /^postgres(ql)?:/i,
    read: async (address, options) => (await import('./postgres/open.ts')).readDatabase(address, options),
    write: async (address, options) => (await import('./postgres/open.ts')).writeDatabase(address, options),
    unlock: async (address, options, agree) =>
      (await import('./postgres/open.ts')).unlockDatabase(address, options, agree),
  },
];

/** @throws Failure (64) for an address of no kind */
function kindOf(address: string): Kind {
  const kind = KINDS.find(({ is }) => is.test(address));
  if (!kind) throw usage(`--state ${address.split('://')[0]}://…: there is no such kind of state`);
  return kind;
}

/** Whether a state is kept in a folder of this machine. */
export function isFolder(address: string): boolean {
  return kindOf(address) === KINDS[0];
}

/** A state's address: folders are made absolute. @throws Failure (64) */
export function stateAddress(text: string, cwd: string): string {
  if (isFolder(text)) return resolve(cwd, text);
  checkAddress(text);
  return text;
}

/**
 * Opens a state to read it. Nothing is written; what is not there yet is an empty state.
 * @throws Failure where it is damaged or cannot be read
 */
export function readState(address: string, options: StateOptions): Promise<Reader> {
  return kindOf(address).read(address, options);
}

/**
 * Opens a state to write it; makes one where there is none.
 * @throws Failure where another process has it, where it is damaged, or where it cannot be written
 */
export function openState(address: string, options: StateOptions): Promise<Writer> {
  return kindOf(address).write(address, options);
}

/** @param agree throws where the answer is no @returns what was done, for people */
export function unlockState(address: string, options: StateOptions, agree: Agree): Promise<string> {
  return kindOf(address).unlock(address, options, agree);
}
