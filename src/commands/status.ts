import { randomBytes } from 'node:crypto';
import { Failure } from '../model/failure.ts';
import { isSelected } from '../model/labels.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import type { Reader } from '../model/store.ts';
import { isRecordingsAnswer } from '../plan/shapes.ts';
import { type DaemonAnswer, daemonText } from '../render/daemon-status.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { type Overview, type OverviewRow, overviewOf } from '../render/overview.ts';
import { statusJson, statusMarkdown, statusText } from '../render/status.ts';
import { printable, styleFor } from '../render/style.ts';
import { Vault } from '../secrets/vault.ts';
import { askDaemon, daemonToken } from './ask-daemon.ts';
import { readBounds } from './bounds.ts';
import { refOf } from './desired-files.ts';
import { makePlanOf } from './make-plan.ts';
import { checkTarget, reading } from './open-state.ts';
import { tellOfOtherState } from './other-state.ts';
import { print } from './print.ts';
import { selectOf, selectorsOf, tellNothingSelected } from './select.ts';
import { checkNames, type RawOptions, readSettings, type Settings } from './settings.ts';

/**
 * `reelstate status`: what is known of each recording, and what the files ask for beyond that; or with --daemon what a
 * running daemon says. Neither needs secrets: a secret that is not at hand counts as unchanged.
 */
export async function status(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = await readSettings(raw, io);
  const daemon = typeof raw.daemon === 'string' ? raw.daemon : io.env.REELSTATE_DAEMON || undefined;
  const select = selectOf(raw, io);
  if (daemon !== undefined)
    return daemonStatus(daemon, await daemonToken(raw, io), { names, select }, settings, io);
  await tellOfOtherState(settings, raw, io);
  const store = await reading('reelstate status', settings, io);
  const { known } = store.state;
  await settings.accounts.identify();
  checkTarget(known, settings, io, store.key);
  const plan = await planOf(store, raw, settings, io);
  const accountOf = (appId = '') => settings.accounts.nameOf(appId);
  const all = overviewOf([...known.values()], plan.isRead ? plan.made : undefined, accountOf);
  const named = restricted(all, names, plan.hasErrors);
  const shown = selected(named, select);
  if (settings.output === 'json') await print(jsonPieces(statusJson(shown)), io);
  else if (settings.output === 'markdown') await io.out(statusMarkdown(shown));
  else if (shown.recordings.length + shown.fresh.length > 0 || names.length + select.length === 0)
    await io.out(statusText(shown, styleFor(settings.color), io.clock.now(), known.size > 0));
  for (const name of unfound(named, names)) await io.err(`${printable(name)}: nothing was sent to it yet.\n`);
  if (select.length > 0 && shown.recordings.length + shown.fresh.length === 0)
    await tellNothingSelected(select, io);
  await store.close();
  return 0;
}

/** What apply would do with all files. What is wrong with them is counted on standard error: validate says more. */
async function planOf(
  { key, state: { known } }: Reader,
  raw: RawOptions,
  settings: Settings,
  io: Io,
): Promise<{ made: Plan; isRead: boolean; hasErrors: boolean }> {
  // Nothing is written, so any key serves where there is none.
  const vault = new Vault(key ?? randomBytes(32));
  const asked = { dir: settings.dir, ref: refOf(raw, io), names: [], resync: false, allowEmpty: false };
  const bounds = readBounds(raw, settings, io);
  const made = await makePlanOf({
    ...{ asked, settings, io, vault, bounds, known, now: io.clock.now() },
    cached: settings.cache,
  });
  const errors = made.diagnostics.filter(({ severity }) => severity === 'error');
  const unread = errors.find(({ code }) => code === 'directory-not-found' || code === 'empty-set');
  // With an empty state too, a missing folder is not worth a note.
  if (unread && known.size > 0) await io.err(`${printable(unread.summary)}: what is pending is not known.\n`);
  else if (errors.length > 0 && !unread) {
    const files = new Set(errors.map(({ range }) => range.filename)).size;
    await io.err(
      `${files === 1 ? '1 file has' : `${files} files have`} errors, and what is pending there is not known: see reelstate validate.\n`,
    );
  }
  return { made, isRead: unread === undefined, hasErrors: errors.length > 0 };
}

/**
 * What goes by these names, or went by them when it was applied.
 * @throws Failure (64) for a name that nothing has; one that a broken file would have given is no mistake
 */
function restricted(all: Overview, names: readonly string[], hasErrors: boolean): Overview {
  if (names.length === 0) return all;
  if (!hasErrors) checkNames(names, namesIn(all));
  return {
    recordings: all.recordings.filter(
      ({ name, known }) => names.includes(name) || names.includes(known.name),
    ),
    fresh: all.fresh.filter(({ name }) => names.includes(name)),
    accountOf: all.accountOf,
  };
}

function selected({ recordings, fresh, accountOf }: Overview, select: readonly string[]): Overview {
  const selectors = selectorsOf(select);
  const isShown = ({ labels }: Pick<OverviewRow, 'labels'>) => isSelected(labels, selectors);
  return { recordings: recordings.filter(isShown), fresh: fresh.filter(isShown), accountOf };
}

function unfound(shown: Overview, names: readonly string[]): string[] {
  const found = namesIn(shown);
  return names.filter((name) => !found.includes(name));
}

function namesIn({ recordings, fresh }: Pick<Overview, 'recordings' | 'fresh'>): string[] {
  return [...recordings.flatMap(({ name, known }) => [name, known.name]), ...fresh.map(({ name }) => name)];
}

async function daemonStatus(
  address: string,
  token: string | undefined,
  { names, select }: { names: readonly string[]; select: readonly string[] },
  { output, color }: Settings,
  io: Io,
): Promise<number> {
  const answer = await askDaemon<DaemonAnswer>(
    address,
    '/api/recordings',
    '--daemon',
    token,
    isRecordingsAnswer,
  );
  checkNames(
    names,
    answer.recordings.map(({ name }) => name),
  );
  if (select.length > 0 && answer.recordings.some(({ labels }) => labels === undefined))
    throw new Failure(`the daemon at ${address} is of another version of reelstate, and tells no labels`);
  const selectors = selectorsOf(select);
  const chosen = {
    ...answer,
    recordings: answer.recordings.filter(
      ({ name, labels }) => (names.length === 0 || names.includes(name)) && isSelected(labels, selectors),
    ),
  };
  if (output === 'json') await print(jsonPieces(chosen), io);
  else
    await io.out(
      daemonText(chosen, output === 'markdown' ? styleFor(false) : styleFor(color), output === 'markdown'),
    );
  if (select.length > 0 && chosen.recordings.length === 0) await tellNothingSelected(select, io);
  return 0;
}
