import type { Identity } from '../model/recording.ts';
import type { Look } from './look.ts';
import type { IdentityFields } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { readUid } from './uid.ts';

/**
 * @param fields those that its type promises only where they are sound
 * @param base pointer of the mapping that holds the fields
 * @returns undefined where anything is not sound
 */
export function readIdentity(
  fields: IdentityFields,
  base: string,
  look: Look,
  isSound: IsSound,
): Identity | undefined {
  const uid = isSound(`${base}/uid`) ? readUid(fields.uid, `${base}/uid`, look) : undefined;
  if (uid === '0')
    look.report(
      'recording-uid-zero',
      `${base}/uid`,
      'the recording client cannot have the UID 0',
      'Use the UID that was given to acquire.',
    );
  const kind = readKind(fields, base, isSound);
  const { appId, cname, resourceId, sid } = fields;
  const sound = ['appId', 'cname', 'resourceId', 'sid'].every((field) => isSound(`${base}/${field}`));
  return sound && kind && uid !== undefined ? { appId, cname, uid, resourceId, sid, ...kind } : undefined;
}

/** What of an identity the blocks depend on; undefined where it is not sound. */
export function readKind(
  { mode = 'mix', streamTypes }: IdentityFields,
  base: string,
  isSound: IsSound,
): Pick<Identity, 'mode' | 'streamTypes'> | undefined {
  if (!isSound(`${base}/mode`) || !isSound(`${base}/streamTypes`)) return undefined;
  return { mode, ...(streamTypes === undefined ? {} : { streamTypes }) };
}
