import { join } from 'node:path';
import type { CheckedDocument } from '../desired/checked.ts';
import { type Converted, convertStart } from '../import/convert.ts';
import type { StartBody, StartJson } from '../import/start-json.ts';
import { restrict, type Usable, usable } from '../import/usable.ts';
import { Variables } from '../import/variable.ts';
import { Failure } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import type { Identity, Mode } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { printable } from '../render/style.ts';
import { type ImportFlags, identityOf, modeOf } from './import-flags.ts';
import { problemText } from './import-notes.ts';
import { isThere, laterOf, placeOf, type Target } from './import-place.ts';
import { isSet, type RawOptions } from './settings.ts';

/** A body that becomes a file. */
export interface Draft {
  where: string;
  place: Target;
  converted: Converted;
  found: Usable;
  /** Which recording it is; undefined where its backend will write that. */
  identity: Identity | undefined;
  mode: Mode;
  /** Neither the command line nor the JSON says the mode. */
  isModeAssumed: boolean;
}

/** What is left of `start`'s bodies when all that is wrong with them was told. */
export interface Drafts {
  drafts: Draft[];
  /** Whether anything is left out because of what is wrong with it. */
  isIncomplete: boolean;
}

/** Converts every body, and tells everything that is wrong with any of them. */
export async function draftsOf(
  bodies: readonly StartBody[],
  folder: string,
  flags: ImportFlags,
  raw: RawOptions,
  io: Io,
): Promise<Drafts> {
  const variables = new Variables();
  const names = new Set<string>();
  /** Where each recording was met first. */
  const recordings = new Map<string, string>();
  const drafts: Draft[] = [];
  let isIncomplete = false;
  const object = async (text: string, hint?: string) => {
    isIncomplete = true;
    await io.err(`${printable(text)}\n${hint === undefined ? '' : `  ${printable(hint)}\n`}`);
  };
  for (const { where, start } of bodies) {
    try {
      if (start instanceof Failure) throw start;
      const draft = draftOf({ where, start, folder, name: nameOf(start, names), flags, variables, raw, io });
      for (const problem of draft.problems) await object(problemText(where, problem));
      if (!draft.draft) continue;
      const { identity, place } = draft.draft;
      const key = identity && recordingKey(identity);
      const first = key === undefined ? undefined : recordings.get(key);
      if (key !== undefined) recordings.set(key, first ?? where);
      if (first !== undefined)
        await object(`${where}: this recording is described by ${first} as well`, 'Keep one of the two.');
      else if (await isThere(place.path))
        await object(
          `${where}: ${place.shown} is there already, and is left as it is`,
          'Move the file away first, or give another --out.',
        );
      else drafts.push(draft.draft);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const isTold = error.message.startsWith(where);
      await object(isTold ? error.message : `${where}: ${error.message}`, error.hint);
    }
  }
  return { drafts, isIncomplete };
}

/** @throws Failure where which recording it is cannot be said */
function draftOf(input: {
  where: string;
  start: StartJson;
  folder: string;
  name: string;
  flags: ImportFlags;
  variables: Variables;
  raw: RawOptions;
  io: Io;
}): { draft?: Draft; problems: Usable['problems'] } {
  const { where, start, folder, name, flags, variables, raw, io } = input;
  const mode = modeOf(flags, start);
  const isStarted = start.resourceId !== undefined || start.sid !== undefined;
  if (isStarted) checkIdentity(start, flags, where);
  const identity = isStarted ? identityOf(flags, start, mode, where) : undefined;
  if (!identity && isSet('applied', raw, io))
    throw new Failure(`${where}: --applied needs appId, resourceId and sid`, {
      hint: 'Nothing is applied to what has not started.',
    });
  const place = placeOf(join(folder, `${name}.yaml`), '', io.cwd);
  const { appId } = flags;
  const later = {
    ...laterOf(name, place, io.cwd),
    mode,
    ...(appId === undefined ? {} : { appId }),
  };
  const converted = convertStart(start, identity ?? later, name, variables);
  if (flags.only) restrict(converted, flags.only);
  const found = usable(converted, place.schema, place.shown);
  if (!('text' in found)) return { problems: found.problems };
  const { recording } = found.checked.documents[0] as CheckedDocument;
  const isModeAssumed = !flags.mode && start.mode !== mode;
  return {
    problems: found.problems,
    draft: {
      ...{ where, place, converted, found, mode, isModeAssumed },
      identity: 'fromFile' in recording ? undefined : recording,
    },
  };
}

/** @throws Failure where a body that names a running recording lacks a part of that */
function checkIdentity(start: StartJson, flags: ImportFlags, where: string): void {
  const known = { ...start, appId: flags.appId ?? start.appId };
  const missing = (['appId', 'resourceId', 'sid', 'cname', 'uid'] as const).find((field) =>
    [undefined, null, ''].includes(known[field] as undefined),
  );
  if (missing !== undefined)
    throw new Failure(`${where}: ${missing} is missing`, {
      hint: 'Beside clientRequest appId, cname, uid, resourceId and sid say which running recording it is; --app-id says it for all.',
    });
}

/** The channel's name as that of a file and a recording; one that is taken gets a number. */
function nameOf({ cname }: StartJson, taken: Set<string>): string {
  const plain = String(cname ?? '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '');
  const wanted = plain === '' ? 'recording' : plain;
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    // There are file systems to which upper and lower case are the same.
    if (taken.has(name.toLowerCase())) continue;
    taken.add(name.toLowerCase());
    return name;
  }
}
