import { isDeepStrictEqual } from 'node:util';
import { sid } from '../../support/cli.ts';
import { DOCS, type Doc, inForce, requestOf } from './documents.ts';
import { LATE_MS } from './faults.ts';
import type { Violation } from './judge.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

/** The longest that everything may take to be as the files say once nothing misbehaves any more, in milliseconds. */
const BOUND_MS = Number(process.env.REELSTATE_SOAK_SETTLE ?? 240) * 1_000;
/** Looks in a row, a second apart, for which the daemon must be wrong before it counts: the two are not asked at once. */
const LOOKS = 3;

interface Listed {
  name: string;
  conditions: { type: string; status: string; reason: string; message: string }[];
}

export interface Settled {
  /** Seconds until all was as the files say and the daemon said so, for good. */
  seconds: number;
  violations: Violation[];
}

/**
 * Waits until what is in force equals the files and the daemon says Ready for exactly what is there, and stays so until
 * the last late call has landed.
 */
export async function settle(world: World, truth: Truth): Promise<Settled> {
  const began = performance.now();
  const passed = () => performance.now() - began;
  const streaks = new Map<string, number>();
  const liars = new Set<string>();
  let since: number | undefined;
  for (;;) {
    const { differing, listed } = await look(world, truth);
    for (const { name } of DOCS.values()) {
      const isWrong = differing.has(name) && conditionOf(listed, name)?.type === 'Ready';
      streaks.set(name, isWrong ? (streaks.get(name) ?? 0) + 1 : 0);
      if (streaks.get(name) === LOOKS) liars.add(name);
    }
    const unready = unreadyOf(truth, listed);
    if (differing.size > 0 || unready.length > 0) since = undefined;
    else since ??= passed();
    const isOver = since !== undefined && passed() > LATE_MS + 5_000 && passed() - since > 5_000;
    if (isOver || passed() > BOUND_MS) {
      const violations: Violation[] = [...liars].map((name) => ({
        law: 'ready',
        detail: `${name}: Ready for some seconds, although the service had something else`,
      }));
      if (!isOver) violations.push(...unsettled(differing, unready, listed));
      return { seconds: (since ?? passed()) / 1_000, violations };
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function look(
  world: World,
  truth: Truth,
): Promise<{ differing: Map<string, string>; listed: Listed[] }> {
  const answer = await world.ask('/api/recordings');
  const listed = answer === undefined ? [] : (JSON.parse(answer) as { recordings: Listed[] }).recordings;
  const differing = new Map<string, string>();
  for (const shown of (await world.sim.recordings()) as Record<string, unknown>[]) {
    const doc = DOCS.get(String(shown.sid));
    const condition = doc && truth.now(doc.name);
    if (doc && condition?.is === 'there' && !condition.suspended) {
      const difference = differenceOf(doc, shown, condition.v);
      if (difference) differing.set(doc.name, difference);
    }
  }
  return { differing, listed };
}

function differenceOf(doc: Doc, shown: Record<string, unknown>, v: number): string | undefined {
  for (const endpoint of ['update', 'updateLayout'] as const) {
    const expected = requestOf(doc, endpoint, v);
    const found = inForce(doc, shown, endpoint);
    if (expected && !isDeepStrictEqual(found, expected))
      return `${endpoint} is not version ${v}: ${JSON.stringify(found)}`;
  }
  return undefined;
}

function conditionOf(listed: readonly Listed[], name: string) {
  return listed.find((each) => each.name === name)?.conditions.find(({ status }) => status === 'True');
}

/** What is there and not Ready, and what is gone and yet listed. */
function unreadyOf(truth: Truth, listed: readonly Listed[]): string[] {
  return [...DOCS.values()].flatMap(({ name }) => {
    const condition = truth.now(name);
    const told = conditionOf(listed, name);
    if (condition.is === 'gone') return told ? [`${name} is gone, and ${told.type} (${told.reason})`] : [];
    if (condition.is === 'there' && condition.suspended) return [];
    return told?.type === 'Ready' ? [] : [`${name} is ${told?.type} (${told?.reason}: ${told?.message})`];
  });
}

function unsettled(
  differing: ReadonlyMap<string, string>,
  unready: readonly string[],
  listed: readonly Listed[],
): Violation[] {
  return [
    ...[...differing].map(([name, what]) => {
      const told = conditionOf(listed, name);
      return {
        law: 'convergence',
        detail: `${sid(name)}, which is ${told?.type} (${told?.reason}): ${what}`,
      };
    }),
    ...unready.map((detail) => ({ law: 'convergence', detail })),
  ];
}
