import { mapSealed } from '../agora/requests.ts';
import { isName } from '../desired/name.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Binding, KnownHead } from '../model/known.ts';
import type { KnownRecording } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import { appIdIn } from '../model/recording-key.ts';
import type { Writer } from '../model/store.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { count, printable } from '../render/style.ts';
import { unlockState } from '../state/open.ts';
import { bindingsOf, optionsOf, reading, shownState, shownTarget, targetOf, writing } from './open-state.ts';
import { print } from './print.ts';
import { checkNames, type Flags, isSet, type RawOptions, readFlags, readSettings } from './settings.ts';

/*
 * `reelstate state …`: what is known, and the few things that are done to it by hand. None of them calls the service.
 */

/** `state list`: the recordings of the state, and what they are bound to. */
export async function stateList(raw: RawOptions, io: Io): Promise<number> {
  const settings = readFlags(raw, io, ['text', 'json']);
  const store = await reading('reelstate state list', settings, io);
  const heads = [...store.state.known.heads()].sort(byName);
  const recordings = heads.map((head) => ({
    ...headJson(head),
    ...store.state.known.get(head.key)?.identity,
  }));
  await store.close();
  if (settings.output === 'json') {
    await print(jsonPieces({ format_version: '1.0', recordings }), io);
    return 0;
  }
  const width = Math.max(0, ...heads.map(({ name }) => printable(name).length));
  for (const { name, sid, target, file } of recordings)
    await io.out(
      `${printable(name).padEnd(width)}  ${printable(sid ?? '')}  ${printable(target === null ? 'not bound' : shownTarget(target))}  ${printable(file)}\n`,
    );
  await io.out(`${count(heads.length, 'recording')} in ${printable(shownState(settings, io.cwd))}.\n`);
  return 0;
}

/** `state show NAME`: all that is known of a recording, as JSON; secrets are shown as people may see them. */
export async function stateShow([name = '']: readonly string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readFlags(raw, io, ['text', 'json']);
  const store = await reading('reelstate state show', settings, io);
  const found = named([name], [...store.state.known.heads()]).map((head) => ({
    ...headJson(head),
    ...masked(store.state.known.get(head.key) as KnownRecording),
  }));
  await store.close();
  await print(jsonPieces(found.length === 1 ? (found[0] as object) : { recordings: found }), io);
  return 0;
}

/** `state rm NAME…`: forgets recordings. They go on as they are; a file that claims one applies all of it afresh. */
export async function stateRemove(names: readonly string[], raw: RawOptions, io: Io): Promise<number> {
  return changing('reelstate state rm', raw, io, async (store) => {
    const heads = named(names, [...store.state.known.heads()]);
    await agree(
      `Forget ${heads.map((head) => head.name).join(', ')}? No call is made; the next apply of a file that claims one sends all of it.`,
      raw,
      io,
    );
    await Promise.all(heads.map(({ key }) => store.append({ event: 'forget', key })));
    const forgotten = heads.map((head) => head.name);
    return { message: `Forgotten: ${forgotten.join(', ')}.`, forgotten };
  });
}

/** `state mv OLD NEW`: a recording goes by another name. */
export async function stateMove(
  [from = '', to = '']: readonly string[],
  raw: RawOptions,
  io: Io,
): Promise<number> {
  if (!isName(to)) throw usage(`${JSON.stringify(to)} cannot be the name of a recording`);
  return changing('reelstate state mv', raw, io, async (store) => {
    const heads = [...store.state.known.heads()];
    const found = named([from], heads);
    if (heads.some(({ name }) => name === to))
      throw new Failure(`${to} is in the state already`, { hint: 'Nothing was changed.' });
    await Promise.all(found.map(({ key, file }) => store.append({ event: 'rename', key, name: to, file })));
    return { message: `${from} goes by ${to} now.`, from, to };
  });
}

/** `state rebind`: what is known counts as applied where the flags and variables say. */
export async function stateRebind(raw: RawOptions, io: Io): Promise<number> {
  const settings = await readSettings(raw, io);
  const { accounts } = settings;
  await accounts.mustBeSound(settings.color);
  await accounts.follow();
  return changing('reelstate state rebind', raw, io, async (store) => {
    const bindings = bindingsOf(settings, store.key);
    const others = [...store.state.known.heads()].filter((head) =>
      isOther(head, bindings(appIdIn(head.key))),
    );
    const targets = [...new Set(accounts.list.map(targetOf))].map(shownTarget).join(', ');
    const naming = accounts.file ?? 'AGORA_CUSTOMER_ID';
    const isAny = accounts.list.some((account) => accounts.credentials(account).customerId !== undefined);
    const where = `${targets}${isAny ? `, with the account of ${naming}` : ''}`;
    if (others.length === 0) return { message: `All of it is bound to ${where} already.`, bound: [] };
    const before = new Set(
      others.map(({ key, target, account }) => {
        if (target === undefined) return 'nothing';
        const isSame = target === bindings(appIdIn(key)).target;
        return `${shownTarget(target)}${isSame && account ? ', with another account,' : ''}`;
      }),
    );
    await agree(
      `Bind ${count(others.length, 'recording')} from ${[...before].join(' and ')} to ${where}? What is known counts as applied there: it is not sent again.`,
      raw,
      io,
    );
    await Promise.all(
      others.map(({ key }) => store.append({ event: 'bind', key, ...bindings(appIdIn(key)) })),
    );
    const bound = others.map(({ name }) => name);
    return { message: `Bound ${count(others.length, 'recording')} to ${where}.`, bound };
  });
}

/** Whether a recording is bound elsewhere; one of an App ID that no account lists stays as it is. */
function isOther({ target, account }: KnownHead, binding: Partial<Binding>): boolean {
  return (
    (binding.target !== undefined && target !== binding.target) ||
    (binding.account !== undefined && account !== binding.account)
  );
}

/** `state unlock`: for a state whose holder is told by a lease. */
export async function stateUnlock(raw: RawOptions, io: Io): Promise<number> {
  const settings = readFlags(raw, io);
  const options = optionsOf('reelstate state unlock', settings, io);
  const message = await unlockState(settings.state, options, (question) => agree(question, raw, io));
  await tellDone({ message }, settings, io);
  return 0;
}

/** What was done: for people in a message, for programs what it names as well. */
interface Done {
  message: string;
  [field: string]: unknown;
}

/** Opens the state to write it, and says what was done. */
export async function changing(
  command: string,
  raw: RawOptions,
  io: Io,
  act: (store: Writer) => Promise<Done>,
): Promise<number> {
  const settings = readFlags(raw, io);
  const store = await writing(command, settings, io);
  try {
    await tellDone(await act(store), settings, io);
    return 0;
  } finally {
    await store.close();
  }
}

async function tellDone(done: Done, { output }: Flags, io: Io): Promise<void> {
  if (output === 'json') await print(jsonPieces({ format_version: '1.0', ...done }), io);
  else await io.out(`${printable(done.message)}\n`);
}

/**
 * Asks on the terminal, unless --yes has answered.
 * @throws Failure (64) where there is neither, (1) where the answer is not yes
 */
export async function agree(question: string, raw: RawOptions, io: Io): Promise<void> {
  if (isSet('yes', raw, io)) return;
  if (!io.ask)
    throw usage('there is no terminal to ask on: --yes is needed', `Nothing was changed. ${question}`);
  const answer = await io.ask(`${printable(question)} Only "yes" does it: `);
  if (answer.trim().toLowerCase() !== 'yes') throw new Failure('the answer was not yes: nothing was changed');
}

function named(names: readonly string[], heads: readonly KnownHead[]): KnownHead[] {
  checkNames(
    names,
    heads.map(({ name }) => name),
  );
  return heads.filter(({ name }) => names.includes(name));
}

function headJson({ name, file, key, target, account }: KnownHead) {
  return { name, file, key, target: target ?? null, account: account ?? null };
}

/** Without fingerprints: they are of no use to people. */
function masked(recording: KnownRecording): KnownRecording {
  return mapSealed(recording, ({ shown }) => shown) as KnownRecording;
}

function byName(a: KnownHead, b: KnownHead): number {
  return a.name < b.name ? -1 : 1;
}
