import type { KnownRecording } from '../model/plan.ts';
import type { Snapshot } from '../model/source.ts';
import type { ConcernView } from '../page/views.ts';
import { NO_CREDENTIALS, type Watched } from './conditions.ts';

/** A program's credentials that expire within so many milliseconds were not renewed in time: that is done half an hour ahead. */
const OVERDUE = 15 * 60_000;

/** What may need a person. */
export interface Concerned {
  watched: Iterable<Watched>;
  /** Recordings whose credentials a program may have given. */
  concerned: readonly KnownRecording[];
  snapshot: Snapshot | undefined;
  now: number;
}

const ORDER: readonly ConcernView['kind'][] = ['stalled', 'file', 'drift', 'credentials', 'repeated'];

/** What needs a person: by kind, the newest first. */
export function concernsOf({ watched, concerned, snapshot, now }: Concerned): ConcernView[] {
  const found: ConcernView[] = [];
  const byName = new Map<string, Watched>();
  const byFile = new Map<string, Watched>();
  const lineOf = linesOf(snapshot);
  const placed = (kind: ConcernView['kind'], each: Watched) => ({
    ...{ kind, name: each.name, file: each.file },
    ...withLine(lineOf(each)),
  });
  for (const each of watched) {
    byName.set(each.name, each);
    byFile.set(each.file, each);
    const { condition, drift } = each;
    const { type, reason, message, since } = condition;
    if (type === 'Stalled') found.push({ ...placed('stalled', each), reason, message, since });
    if (reason === 'Repeating') found.push({ ...placed('repeated', each), reason: '', message, since });
    if (drift)
      found.push({
        ...placed('drift', each),
        ...DRIFTED,
        reason: drift.blocks.join(' and '),
        since: drift.since,
      });
  }
  for (const { name, update } of concerned) {
    const expiry = (update.applied?.request.storageConfig?.stsExpiration ?? Number.POSITIVE_INFINITY) * 1000;
    const each = byName.get(name);
    if (!each || expiry - now >= OVERDUE) continue;
    const message = `the storage credentials in force expire at ${new Date(expiry).toISOString()}`;
    found.push({ ...placed('credentials', each), reason: 'NotRenewed', message });
  }
  for (const { severity, code, summary, range } of snapshot?.set.diagnostics ?? []) {
    const about = { reason: code, message: summary, file: range.filename, line: range.start.line };
    const owner = byFile.get(range.filename);
    if (severity === 'error' && !owner) found.push({ kind: 'file', ...about });
    if (EXPIRING.has(code) && owner) found.push({ kind: 'credentials', name: owner.name, ...about });
  }
  return found.sort(
    (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (b.since ?? 0) - (a.since ?? 0),
  );
}

const DRIFTED = { message: 'changed outside reelstate' };
const EXPIRING: ReadonlySet<string> = new Set(['sts-expires-soon', 'sts-expired']);

function withLine(line: number | undefined): Pick<ConcernView, 'line'> {
  return line === undefined ? {} : { line };
}

/**
 * @returns gives the line of a recording's file that a person should look at: of what is wrong there, else of its document
 */
export function linesOf(snapshot: Snapshot | undefined): (watched: Watched) => number | undefined {
  const wrong = new Map<string, number>();
  for (const { severity, range } of snapshot?.set.diagnostics ?? [])
    if (severity === 'error' && !wrong.has(range.filename)) wrong.set(range.filename, range.start.line);
  return ({ name, file, plan, condition }) => {
    const named =
      condition.reason === NO_CREDENTIALS ? plan?.credentialsAt?.range : plan?.unresolved[0]?.range;
    return named?.start.line ?? wrong.get(file) ?? snapshot?.byName.get(name)?.line;
  };
}
