import type { FaultRule } from './fault-rule.ts';
import { seeded } from './random.ts';

/** What a call is to the rules. */
export interface FaultedCall {
  sid: string | null;
  /** The name of its recording, where that has one. */
  name: string | undefined;
  endpoint: string;
}

/** What the rules decided for one call. */
export interface Decision {
  /** Milliseconds to take over it. */
  latency: number;
  /** Milliseconds after its answer at which it takes effect, where the rule says so. */
  late: number | undefined;
  /** The rule whose answer, connection fault or failover applies. */
  rule: FaultRule | undefined;
  /** The ids of the rules that bear on the call, joined with "+"; null where none does. */
  ids: string | null;
}

/** A rule and how often it has been used. */
export interface RunningRule extends FaultRule {
  id: string;
  matched: number;
  fired: number;
}

interface Tally {
  rule: FaultRule & { id: string };
  matched: number;
  fired: number;
  /** How many matching calls each recording made: the draw of a call depends on this, not on other recordings. */
  perRecording: Map<string, number>;
}

/** The rules in force, in order, and their draws. */
export class Faults {
  readonly #seed: number;
  #tallies: Tally[] = [];
  #named = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds rules after those in force; a rule with the id of one in force takes its place. */
  add(rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      const id = rule.id ?? this.#freeName();
      const tally: Tally = { rule: { ...rule, id }, matched: 0, fired: 0, perRecording: new Map() };
      const same = this.#tallies.findIndex((other) => other.rule.id === id);
      if (same >= 0) this.#tallies[same] = tally;
      else this.#tallies.push(tally);
    }
  }

  #freeName(): string {
    do this.#named += 1;
    while (this.#tallies.some((tally) => tally.rule.id === `f${this.#named}`));
    return `f${this.#named}`;
  }

  /** Ends all rules and counts from f1 again, so that the same rules draw the same numbers again. */
  clear(): void {
    this.#tallies = [];
    this.#named = 0;
  }

  /** Ends one rule; false where there is none of that id. */
  remove(id: string): boolean {
    const before = this.#tallies.length;
    this.#tallies = this.#tallies.filter((tally) => tally.rule.id !== id);
    return this.#tallies.length < before;
  }

  rules(): RunningRule[] {
    return this.#tallies.map(({ rule, matched, fired }) => ({ ...rule, matched, fired }));
  }

  /** Decides for a call; to be asked once for each, in the order of arrival. */
  decide(call: FaultedCall): Decision {
    const decision: Decision = { latency: 0, late: undefined, rule: undefined, ids: null };
    let delayed = false;
    for (const tally of this.#tallies) {
      const { rule } = tally;
      const key = this.#hit(tally, call);
      if (key === undefined) continue;
      const acts = rule.answer !== undefined || rule.connection !== undefined || rule.failover !== undefined;
      const delays = rule.latency !== undefined && !delayed;
      if (acts && decision.rule !== undefined) continue;
      if (!acts && !delays) continue;
      tally.fired += 1;
      decision.ids = decision.ids === null ? rule.id : `${decision.ids}+${rule.id}`;
      if (acts) {
        decision.rule = rule;
        if (rule.late !== undefined) decision.late = this.#draw(rule.late, `${key}/late`);
      }
      if (delays) {
        decision.latency = this.#draw(rule.latency ?? 0, `${key}/latency`);
        delayed = true;
      }
    }
    return decision;
  }

  /** The key of the call's draw where the rule hits it. */
  #hit(tally: Tally, call: FaultedCall): string | undefined {
    const { match, failover, rate, id } = tally.rule;
    if (failover?.sid !== undefined) return undefined;
    if (match?.sid !== undefined && match.sid !== call.sid) return undefined;
    if (match?.name !== undefined && match.name !== call.name) return undefined;
    if (match?.endpoint !== undefined && match.endpoint !== call.endpoint) return undefined;
    tally.matched += 1;
    const lane = call.sid ?? call.endpoint;
    const nthOfLane = (tally.perRecording.get(lane) ?? 0) + 1;
    tally.perRecording.set(lane, nthOfLane);
    if (match?.nth !== undefined && match.nth !== tally.matched) return undefined;
    const times = match?.times ?? (failover ? 1 : Number.POSITIVE_INFINITY);
    if (tally.fired >= times) return undefined;
    const key = `${id}/${lane}/${nthOfLane}`;
    return seeded(this.#seed, key) < (rate ?? 1) ? key : undefined;
  }

  #draw(span: number | [number, number], key: string): number {
    if (typeof span === 'number') return span;
    const [from, to] = span;
    return from + Math.floor(seeded(this.#seed, key) * (to - from + 1));
  }
}
