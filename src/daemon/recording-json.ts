import type { Fleet } from '../apply/fleet.ts';
import { byText } from '../model/diagnostic.ts';
import type { State } from '../model/journal.ts';
import type { KnownRecording, Remembered } from '../model/plan.ts';
import type { Commit } from '../model/source.ts';
import { commitJson } from '../render/status.ts';
import { type Condition, confidenceOf, type Watched } from './conditions.ts';
import type { Daemon } from './daemon.ts';
import type { GitState } from './git-state.ts';

/** What `/api/recordings` tells of. */
export interface Told {
  daemon: Daemon;
  fleet: Fleet;
  state: State;
  /** Why it is not ready; empty when it is. */
  notReady: readonly string[];
  /** Why it sends nothing although it is ready; undefined where it sends. */
  standby: string | undefined;
  /** Of commits as the source; left out where files are taken as they are. */
  git: GitState | undefined;
}

/** What `/api/recordings` answers. */
export function recordingsJson({ daemon, fleet, state, notReady, standby, git }: Told): object {
  const { watched, commit } = daemon;
  return {
    format_version: '1.0',
    ready: notReady.length === 0,
    not_ready_because: notReady,
    ...(standby === undefined ? {} : { standby }),
    commit: commit ?? null,
    source: git?.json() ?? { kind: 'folder' },
    allowance: fleet.load(),
    ...accountsJson(fleet),
    // By name, as status has them, whichever was heard of first.
    recordings: [...watched]
      .sort(([a], [b]) => byText(a, b))
      .map(([, each]) => recordingJson(each, state.known.get(each.plan?.key ?? ''), commit, fleet.accountOf)),
  };
}

/** What each account is at; nothing where the one there is has no name. */
function accountsJson(fleet: Fleet): object {
  const loads = fleet.loads();
  if (loads.length === 0) return {};
  return {
    accounts: loads.map(({ name, lanes, inUse, rate, stopped }) => ({
      ...{ name, lanes, inUse, rate },
      stopped: stopped ?? null,
    })),
  };
}

function recordingJson(
  watched: Watched,
  known: KnownRecording | undefined,
  commit: Commit | undefined,
  accountOf: (appId: string) => string | undefined,
): object {
  const { name, file, plan, condition, observed, lastError } = watched;
  const appId = (plan?.identity ?? known?.identity)?.appId;
  const account = appId === undefined ? undefined : accountOf(appId);
  return {
    name,
    file,
    ...(account === undefined ? {} : { account }),
    sid: plan?.sid ?? known?.identity.sid ?? null,
    mode: plan?.mode ?? known?.identity.mode ?? null,
    labels: plan?.labels ?? {},
    conditions: conditionsOf(condition),
    blocks: confidenceOf(watched, known),
    applied: {
      update: appliedJson(known?.update.applied),
      updateLayout: appliedJson(known?.updateLayout.applied),
    },
    commit: commit?.sha ?? null,
    observed_at: observed ? iso(observed.at) : null,
    last_error: lastError
      ? { at: iso(lastError.at), endpoint: lastError.endpoint, message: lastError.message }
      : null,
  };
}

/** All three conditions, as Kubernetes has them: exactly one is True. */
function conditionsOf({ type, reason, message, since }: Condition): object[] {
  return (['Ready', 'Reconciling', 'Stalled'] as const).map((each) => ({
    type: each,
    status: each === type ? 'True' : 'False',
    reason,
    message,
    last_transition_time: iso(since),
  }));
}

function appliedJson(applied: Remembered<unknown> | undefined): object | null {
  return applied ? { at: iso(applied.at), commit: commitJson(applied.commit) } : null;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
