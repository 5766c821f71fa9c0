import type { Operation } from 'fast-json-patch';
import type { UnsubscribeSpelling } from '../agora/requests.ts';
import { body, PROGRAM_SECRETS, spelt, wireRequest, withoutKept } from '../agora/requests.ts';
import { type Diagnostic, detailOf } from '../model/diagnostic.ts';
import type { Call, Comparison, Plan, RecordingPlan } from '../model/plan.ts';
import type { Identity, Sealed } from '../model/recording.ts';
import { SENSITIVE } from '../model/recording.ts';
import { each, jsonPieces } from './json-pieces.ts';
import { patchOf } from './patch.ts';
import { commitJson } from './status.ts';

/** The plan for programs: version 1.0 of the format; fields may be added, none changes its meaning. */
export function planJson(plan: Plan, spelling?: UnsubscribeSpelling): object {
  return {
    format_version: '1.0',
    timestamp: plan.timestamp,
    applyable: plan.applyable,
    ...(plan.commit ? { commit: commitJson(plan.commit) } : {}),
    ...(plan.comparison ? { comparison: comparisonJson(plan.comparison) } : {}),
    recordings: plan.recordings.map((recording) => recordingJson(recording, spelling)),
    summary: plan.summary,
    diagnostics: plan.diagnostics.map(diagnosticJson),
  };
}

/** The same as text, in pieces; of very many recordings none is made before its turn. */
export function planPieces(plan: Plan, spelling?: UnsubscribeSpelling): Generator<string> {
  return jsonPieces({
    ...planJson({ ...plan, recordings: [] }, spelling),
    recordings: each(plan.recordings, (recording) => recordingJson(recording, spelling)),
  });
}

function comparisonJson({ from, fromDir, complete, notes, diagnostics }: Comparison): object {
  return { from, from_dir: fromDir, complete, notes, diagnostics: diagnostics.map(diagnosticJson) };
}

function recordingJson(
  { name, file, sid, mode, action, calls, notes, identity }: RecordingPlan,
  spelling?: UnsubscribeSpelling,
): object {
  return {
    name,
    file,
    ...(sid === undefined ? {} : { sid, mode }),
    action,
    calls: calls.map((call) => callJson(call, identity as Identity, spelling)),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

function callJson(call: Call, identity: Identity, spelling?: UnsubscribeSpelling): object {
  return {
    endpoint: call.endpoint,
    reason: call.reason,
    ...(call.notBefore === undefined ? {} : { not_before: new Date(call.notBefore).toISOString() }),
    changes: call.changes.map(({ path, before, after, reason }) => ({ path, before, after, reason })),
    patch: patchOf(call).map((operation) => speltOperation(operation, spelling)),
    body: body(identity, shownRequest(call, spelling)),
  };
}

/** An operation upon the clientRequest as it will be sent. */
function speltOperation(operation: Operation, spelling: UnsubscribeSpelling | undefined): Operation {
  if (spelling === undefined || !operation.path.startsWith('/streamSubscribe')) return operation;
  const path = operation.path.replace(/\/un[Ss]ubscribe/g, `/${spelling}`);
  return 'value' in operation
    ? ({ ...operation, path, value: spelt(operation.value, spelling) } as Operation)
    : { ...operation, path };
}

/** The clientRequest as it will be sent, secrets masked; what a credentials program will print is a secret too. */
export function shownRequest(call: Call, spelling?: UnsubscribeSpelling): Record<string, unknown> {
  const shown = wireRequest(call.endpoint, call.request, ({ shown }: Sealed) => shown, spelling);
  if (call.endpoint === 'update' && call.request.storageConfig?.credentials)
    shown.storageConfig = {
      ...(shown.storageConfig as object),
      ...Object.fromEntries(PROGRAM_SECRETS.map((field) => [field, SENSITIVE])),
    };
  return withoutKept(shown, call.keeps);
}

/** A diagnostic as the contract has it: without the source line. */
export function diagnosticJson(diagnostic: Diagnostic): object {
  const { severity, code, summary, range } = diagnostic;
  const detail = detailOf(diagnostic);
  return { severity, code, summary, ...(detail === undefined ? {} : { detail }), range };
}
