import fastJsonPatch, { type Operation } from 'fast-json-patch';
import { PROGRAM_FIELDS, PROGRAM_SECRETS, wireRequest } from '../agora/requests.ts';
import { isObject } from '../model/json.ts';
import type { Call } from '../model/plan.ts';
import { SENSITIVE, type Sealed, type UpdateRequest } from '../model/recording.ts';

/**
 * RFC 6902 from the clientRequest that was last applied to the one that is sent. Computed over fingerprints, so that a
 * new secret is an operation; shown masked.
 */
export function patchOf({ endpoint, before, request: after }: Call): Operation[] {
  const shown = new Map<string, string>();
  const token = (secret: Sealed) => {
    const text = `\u0000${secret.sealed ?? secret.reference}`;
    shown.set(text, secret.shown);
    return text;
  };
  const from = before ? wireRequest(endpoint, before, token) : {};
  const to = wireRequest(endpoint, after, token);
  if ((after as UpdateRequest).storageConfig?.credentials) {
    // Not known before the program runs: an operation only where nothing was there.
    const had = (from.storageConfig ?? {}) as Record<string, unknown>;
    const given = Object.fromEntries(PROGRAM_SECRETS.map((field) => [field, SENSITIVE]));
    for (const field of PROGRAM_FIELDS) if (field in had) given[field] = had[field] as string;
    to.storageConfig = { ...(to.storageConfig as object), ...given };
  }
  const operations = fastJsonPatch.compare(from, to);
  const reveal = (value: unknown): unknown =>
    typeof value === 'string'
      ? (shown.get(value) ?? value)
      : Array.isArray(value)
        ? value.map(reveal)
        : isObject(value)
          ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item)]))
          : value;
  return operations.map((operation) =>
    'value' in operation ? { ...operation, value: reveal(operation.value) } : operation,
  ) as Operation[];
}
