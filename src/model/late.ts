import type { KnownEndpoint } from './plan.ts';

/**
 * Until when an earlier call may still take the place of this request, milliseconds since 1970; undefined where none
 * can. A call that asked for the very same does no harm.
 * @param request what is, or is to be, in force
 */
export function lateUntil({ late = [] }: KnownEndpoint<unknown>, request: unknown): number | undefined {
  if (late.length === 0) return undefined;
  const text = JSON.stringify(request);
  const others = late.filter((call) => JSON.stringify(call.request) !== text);
  return others.length === 0 ? undefined : Math.max(...others.map(({ until }) => until));
}

/** Whether it is uncertain what is in force: an outcome is not known, or an earlier call may still take effect. */
export function isUnsure(known: KnownEndpoint<unknown>): boolean {
  return known.unknown.length > 0 || lateUntil(known, known.applied?.request) !== undefined;
}
