import type { Identity } from '../model/recording.ts';
import type { Look } from './look.ts';
import type { IdentityFields } from './schema.generated.ts';
import { readUid } from './uid.ts';

/** @param base pointer of the mapping that holds the fields */
export function readIdentity(fields: IdentityFields, base: string, look: Look): Identity {
  const { appId, cname, resourceId, sid, mode = 'mix', streamTypes } = fields;
  const uid = readUid(fields.uid, `${base}/uid`, look);
  if (uid === '0')
    look.report(
      'recording-uid-zero',
      `${base}/uid`,
      'the recording client cannot have the UID 0',
      'Use the UID that was given to acquire.',
    );
  return { appId, cname, uid, resourceId, sid, mode, ...(streamTypes === undefined ? {} : { streamTypes }) };
}
