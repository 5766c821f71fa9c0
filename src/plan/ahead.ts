import type { Known, RecordingPlan } from '../model/plan.ts';
import type { DesiredRecording } from '../model/recording.ts';
import { type PlanOptions, planRecording } from './plan.ts';

/**
 * Plans of recordings that are made while the files of others are still being read. A recording's plan is of itself
 * alone, but for the one it takes the place of: where there may be such a one, it is made anew.
 */
export class PlansAhead {
  readonly #plans = new Map<DesiredRecording, RecordingPlan>();
  readonly #known: Known;
  readonly #names: ReadonlySet<string>;
  readonly #options: Pick<PlanOptions, 'now' | 'resync' | 'names'>;

  constructor(known: Known, options: Pick<PlanOptions, 'now' | 'resync' | 'names'>) {
    this.#known = known;
    this.#options = options;
    this.#names = new Set(options.names);
  }

  /** @returns its plan; undefined where nobody has asked for one */
  make(recording: DesiredRecording): RecordingPlan | undefined {
    if (this.#names.size > 0 && !this.#names.has(recording.name)) return undefined;
    const plan = planRecording(recording, this.#known, [], this.#options);
    this.#plans.set(recording, plan);
    return plan;
  }

  of(recording: DesiredRecording): RecordingPlan | undefined {
    return this.#plans.get(recording);
  }
}
