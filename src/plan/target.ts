import type { Binding, Known } from '../model/known.ts';
import { appIdIn } from '../model/recording-key.ts';

/** Known recordings that were applied elsewhere. */
export interface Elsewhere {
  part: keyof Binding;
  /** Where they were applied, and where calls for them would go now. */
  there: string;
  here: string;
  /** One of them, and how many there are. */
  name: string;
  count: number;
}

/**
 * Known recordings that were applied at another service or with another account than calls for them would go to now.
 * What is bound to none goes anywhere.
 * @param bindingOf by App ID; parts that are not known are not compared
 */
export function appliedElsewhere(
  known: Known,
  bindingOf: (appId: string) => Partial<Binding>,
): Elsewhere | undefined {
  const found = new Map<string, Elsewhere>();
  for (const head of known.heads()) {
    const binding = bindingOf(appIdIn(head.key));
    for (const part of ['target', 'account'] as const) {
      const [there, here] = [head[part], binding[part]];
      if (there === undefined || here === undefined || there === here) continue;
      const kind = `${part} ${there} ${here}`;
      const before = found.get(kind) ?? { part, there, here, name: head.name, count: 0 };
      found.set(kind, { ...before, count: before.count + 1 });
    }
  }
  return [...found.values()].sort((a, b) => b.count - a.count)[0];
}
