import type { Call } from '../model/plan.ts';

export const REASONS = {
  'first-apply': 'first apply',
  changed: '',
  'outcome-unknown': 'sent again, because an earlier call may or may not have taken effect',
  resync: 'the whole state once more',
  'credentials-expiring': 'storage credentials are due for renewal',
} as const;

/** Why a call is made; empty where its rows say so. */
export function whyOf({ reason, notBefore }: Pick<Call, 'reason' | 'notBefore'>): string {
  return notBefore === undefined
    ? REASONS[reason]
    : 'once more, when an earlier call can no longer take effect';
}
