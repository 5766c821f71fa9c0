import type { Diagnostic } from '../model/diagnostic.ts';
import type { ApplyResult } from '../model/result.ts';
import type { Commit } from '../model/source.ts';
import type { ApplyEvent } from '../model/work.ts';
import { diagnosticJson } from './plan-json.ts';
import { seconds } from './style.ts';

/*
 * The stream of `apply --json`: one JSON object a line, each with "type", "@level", "@message" and "@timestamp".
 */

type Level = 'info' | 'warn' | 'error';

function line(type: string, level: Level, message: string, now: number, fields: object): string {
  return `${JSON.stringify({ '@level': level, '@message': message, '@timestamp': new Date(now).toISOString(), type, ...fields })}\n`;
}

/** One event as a line, undefined for what only metrics want to know; `now` in milliseconds since 1970. */
export function eventLine(event: ApplyEvent, now: number): string | undefined {
  const account = event.account === undefined ? {} : { account: event.account };
  const say = (type: string, level: Level, message: string, fields: object) =>
    line(type, level, message, now, { ...account, ...fields });
  switch (event.type) {
    case 'start':
      return say('apply_start', 'info', `${event.name}: ${event.endpoint} starts`, {
        recording: event.name,
        endpoint: event.endpoint,
        reason: event.reason,
        ...commitOf(event),
      });
    case 'applied':
      return say('apply_complete', 'info', `${event.name}: ${event.endpoint} applied`, {
        recording: event.name,
        endpoint: event.endpoint,
        status: event.status,
        elapsed_seconds: seconds(event.took),
        ...commitOf(event),
      });
    case 'repeat':
      return say(
        'apply_progress',
        'warn',
        `${event.name}: ${event.message}; again in ${seconds(event.after)} s`,
        {
          recording: event.name,
          endpoint: event.endpoint,
          outcome: event.outcome,
          ...(event.status === undefined ? {} : { status: event.status }),
          reason: event.message,
          retry_seconds: seconds(event.after),
        },
      );
    case 'delayed':
      return say(
        'apply_progress',
        'info',
        `${event.name}: ${event.endpoint} ${DELAYED}, in ${Math.ceil(event.after / 1000)} s`,
        {
          recording: event.name,
          endpoint: event.endpoint,
          reason: DELAYED,
          retry_seconds: event.after / 1000,
        },
      );
    case 'failed':
      return say('apply_errored', 'error', `${event.name}: ${event.message}`, {
        recording: event.name,
        endpoint: event.endpoint,
        outcome: event.outcome,
        ...(event.status === undefined ? {} : { status: event.status }),
        reason: event.message,
        ...(event.ended ? { ended: true } : {}),
        ...commitOf(event),
      });
    case 'slowed':
      return say(
        'rate_limited',
        'warn',
        `the service says ${event.status}: held back ${seconds(event.hold)} s, then ${event.rate} a second`,
        {
          hold_seconds: seconds(event.hold),
          rate: event.rate,
        },
      );
    case 'disabled':
    case 'admitted':
    case 'answered':
      return undefined;
    case 'stopped':
      return say('account_stopped', 'error', event.message, {});
  }
}

/** Why a call waits for its time. */
export const DELAYED =
  'is sent once more, because an earlier call whose outcome is not known may still take effect';

/** Which commit asked for a call, if one did. */
function commitOf({ commit }: { commit?: Commit }): { commit?: string } {
  return commit ? { commit: commit.sha } : {};
}

export function diagnosticLine(diagnostic: Diagnostic, now: number): string {
  const { filename, start } = diagnostic.range;
  const message = `${filename}:${start.line}:${start.column}: ${diagnostic.summary}`;
  return line('diagnostic', diagnostic.severity === 'error' ? 'error' : 'warn', message, now, {
    diagnostic: diagnosticJson(diagnostic),
  });
}

/** The last line: the sums, and every call that was not applied. */
export function summaryLine({ calls, forgotten, held, stopped }: ApplyResult, now: number): string {
  const count = (result: string) => calls.filter((call) => call.result === result).length;
  const sent = count('sent-not-recorded');
  const changes = {
    applied: count('applied'),
    failed: count('failed'),
    // Left out where every answer was recorded.
    ...(sent > 0 ? { sent_not_recorded: sent } : {}),
    not_attempted: count('not-attempted'),
    held_back: held.length,
    forgotten: forgotten.length,
  };
  const unrecorded = sent > 0 ? `${sent} sent but not recorded, ` : '';
  const message = `${changes.applied} applied, ${changes.failed} failed, ${unrecorded}${changes.not_attempted} not attempted, ${changes.held_back} held back, ${changes.forgotten} forgotten`;
  const level = changes.failed + sent + changes.not_attempted + changes.held_back > 0 ? 'error' : 'info';
  return line('change_summary', level, message, now, {
    changes,
    calls: calls.map(({ name, endpoint, result, outcome, message: reason }) => ({
      recording: name,
      endpoint,
      result,
      ...(outcome === undefined ? {} : { outcome }),
      ...(reason === undefined ? {} : { reason }),
    })),
    held_back: held.map(({ name, message: reason }) => ({ recording: name, reason })),
    ...(stopped ? { stopped } : {}),
  });
}
