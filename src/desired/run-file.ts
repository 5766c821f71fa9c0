import { isObject } from '../model/json.ts';
import type { Identity } from '../model/recording.ts';
import type { Code } from './codes.ts';
import { FIELD_NAME } from './concealment.ts';
import { channelNameLength, readKnown } from './identity.ts';
import type { Look } from './look.ts';
import { quoted } from './printable.ts';
import type { IdentityFields } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';

/*
 * The file that `recording.fromFile` names: what a backend has stored of the answer to `start`. It says what is not known
 * beforehand, and may say the rest once more.
 */

const NEEDED = ['appId', 'cname', 'uid', 'resourceId', 'sid'] as const;

/** An error in a field that stands beside `fromFile`. */
export interface Objection {
  field: keyof Identity;
  code: Code;
  summary: string;
  detail?: string;
}

/**
 * @param file its path, for people
 * @param fields of the file, those that their type promises only where they are sound
 * @param known what stands beside `fromFile`
 * @returns identity: undefined where something is missing, or not sound, or against what is known
 */
export function readRunFile(
  file: string,
  fields: Partial<IdentityFields>,
  known: Partial<Identity>,
  look: Look,
  isSound: IsSound,
): { identity?: Identity; objections: Objection[] } {
  const found = readKnown(fields, '', look, isSound, known.mode ?? 'mix');
  const missing = NEEDED.filter((field) => fields[field] === undefined && known[field] === undefined);
  for (const field of missing)
    look.reportField(
      'missing-field',
      '',
      `${field} is missing in the run file`,
      elsewhere(field, fields) ??
        (field === 'resourceId' || field === 'sid'
          ? 'It is part of what start answered.'
          : 'Add it here, or beside fromFile in the recording file.'),
    );
  const identity = { mode: 'mix' as const, ...known, ...found } as Identity;
  const objections = [...contradictions(file, found, known), ...tooLong(identity, known)];
  const isWhole = missing.length + objections.length === 0 && isSound('');
  return isWhole ? { identity, objections } : { objections };
}

/** Where a file has a field after all: by a name that is spelt otherwise, or a level further in. */
function elsewhere(field: string, fields: object): string | undefined {
  const near = Object.keys(fields).find((name) => plain(name) === plain(field));
  if (near !== undefined) return `It stands here under another name: write ${field}.`;
  const holder = Object.entries(fields).find(([, value]) => isObject(value) && field in value)?.[0];
  return holder !== undefined && FIELD_NAME.test(holder)
    ? `It stands within ${quoted(holder)}: write what is inside that alone.`
    : undefined;
}

function plain(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}

function contradictions(file: string, found: Partial<Identity>, known: Partial<Identity>): Objection[] {
  const shown = (value: string | number | undefined) => quoted(value ?? '');
  return (Object.keys(known) as (keyof Identity)[])
    .filter((field) => found[field] !== undefined && found[field] !== known[field])
    .map((field) => ({
      field,
      code: 'identity-contradiction',
      summary: `${field} is ${shown(known[field])} here and ${shown(found[field])} in ${file}`,
      detail: 'Take it out here, or mend one of the two.',
    }));
}

/** How long a channel's name may be depends on the mode, which may stand in the run file alone. */
function tooLong({ cname, mode }: Identity, known: Partial<Identity>): Objection[] {
  const summary = known.cname === undefined ? undefined : channelNameLength(cname, mode);
  return summary === undefined ? [] : [{ field: 'cname', code: 'cname-too-long', summary }];
}
