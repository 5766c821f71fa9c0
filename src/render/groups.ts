import type { Call, Plan, RecordingPlan } from '../model/plan.ts';
import type { SharedBlock } from '../model/recording.ts';
import { whyOf } from './reasons.ts';
import { type Row, rowsOf } from './values.ts';

/*
 * What many recordings take from one file changes for all of them in the same way: it is said once, and then what
 * differs.
 */

/** The same rows of several recordings, from one file. */
export interface Group {
  block: SharedBlock;
  /** As the user would type it. */
  file: string;
  call: Call;
  rows: readonly Row[];
  recordings: readonly RecordingPlan[];
}

/** A plan as people are told of it. */
export interface Grouped {
  groups: readonly Group[];
  /** What is left to be said of a call: its rows, and the groups that it belongs to. */
  rest(call: Call): { rows: readonly Row[]; groups: readonly Group[] };
  /** Whether all of a recording is said with the groups. */
  isSaid(recording: RecordingPlan): boolean;
}

/** What one call takes from one file. */
interface Part {
  recording: RecordingPlan;
  call: Call;
  /** By what they say. */
  rows: ReadonlyMap<string, Row>;
}

/** Finds what several recordings of a plan have in common because they take it from one file. */
export function grouped({ recordings }: Pick<Plan, 'recordings'>): Grouped {
  const groups = [...partsByFile(recordings)].flatMap(([id, parts]) => groupsOf(id, parts));
  const byCall = new Map<Call, Group[]>();
  const callsOf = new Map(
    groups.map((group) => [group, new Set(group.recordings.flatMap(({ calls }) => calls))]),
  );
  for (const [group, calls] of callsOf)
    for (const call of calls)
      if (call.endpoint === group.call.endpoint) byCall.set(call, [...(byCall.get(call) ?? []), group]);
  const rest = (call: Call) => {
    const own = byCall.get(call);
    if (!own) return { rows: rowsOf(call), groups: [] };
    const said = new Set(own.flatMap(({ rows }) => rows.map(idOf)));
    return { rows: rowsOf(call).filter((row) => !said.has(idOf(row))), groups: own };
  };
  // That some are held back is in the sums.
  const isSaid = ({ calls, notes, unresolved }: RecordingPlan) =>
    calls.length > 0 &&
    notes.length === (unresolved.length > 0 ? 1 : 0) &&
    calls.every((call) => byCall.has(call) && rest(call).rows.length === 0);
  return { groups, rest, isSaid };
}

/** "layout from layouts/duo.yaml changed: 298 recordings" */
export function titleOf({ block, file, call, recordings }: Group): string {
  const why = whyOf(call);
  return `${block} from ${file}${why === '' ? ' changed' : `, ${why}`}: ${recordings.length} recordings`;
}

function partsByFile(recordings: readonly RecordingPlan[]): Map<string, Part[]> {
  const parts = new Map<string, Part[]>();
  for (const recording of recordings)
    for (const [block, file] of Object.entries(recording.shares ?? {}))
      for (const call of recording.calls) {
        const rows = rowsOf(call).filter((row) => row.block === block);
        if (rows.length === 0) continue;
        const id = JSON.stringify([block, file, call.endpoint, whyOf(call)]);
        const part = { recording, call, rows: new Map(rows.map((row) => [idOf(row), row])) };
        parts.set(id, [...(parts.get(id) ?? []), part]);
      }
  return parts;
}

/** @param id of the file and the kind of call that they have in common */
function groupsOf(id: string, parts: readonly Part[]): Group[] {
  const [block, file] = JSON.parse(id) as [SharedBlock, string];
  const groups: Group[] = [];
  for (let left = parts; left.length > 1; ) {
    const common = commonRows(left);
    if (!common) break;
    const members = left.filter(({ rows }) => common.every((row) => rows.has(row)));
    const [first] = members as [Part];
    const rows = common.map((row) => {
      const own = first.rows.get(row) as Row;
      const isSame = members.every((member) => member.rows.get(row)?.subject === own.subject);
      return isSame ? own : { ...own, subject: own.place };
    });
    groups.push({ block, file, call: first.call, rows, recordings: members.map((each) => each.recording) });
    left = left.filter((part) => !members.includes(part));
  }
  return groups;
}

/** What most have in full or, where no two are alike, what goes with the row that most have; undefined where none has two. */
function commonRows(parts: readonly Part[]): string[] | undefined {
  const whole = mostFrequent(parts.map(({ rows }) => JSON.stringify([...rows.keys()])));
  if (whole !== undefined) return JSON.parse(whole) as string[];
  const row = mostFrequent(parts.flatMap(({ rows }) => [...rows.keys()]));
  if (row === undefined) return undefined;
  const having = parts.filter(({ rows }) => rows.has(row));
  return [...(having[0] as Part).rows.keys()].filter((each) => having.every(({ rows }) => rows.has(each)));
}

/** undefined where each occurs once. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return most > 1 ? [...counts].find(([, count]) => count === most)?.[0] : undefined;
}

/** Rows that say the same, whichever users sit where. */
function idOf({ sign, block, place, text }: Row): string {
  return JSON.stringify([sign, block, place, text]);
}
