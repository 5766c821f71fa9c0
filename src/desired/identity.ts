import { CHANNEL_NAME_CHARACTER, MAX_CHANNEL_NAME_BYTES } from '../agora/tables.ts';
import type { Identity, Mode } from '../model/recording.ts';
import type { Look } from './look.ts';
import { quoted } from './printable.ts';
import type { IdentityFields } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { readOwnUid } from './uid.ts';
import { checkFilledIn, checkPlainName } from './unfilled.ts';

/** Texts as given to and answered by acquire and start. */
const TEXTS = ['appId', 'cname', 'resourceId', 'sid'] as const;

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
  const { mode = 'mix', ...known } = readKnown(fields, base, look, isSound, 'mix');
  const sound = ['uid', 'mode', 'streamTypes', ...TEXTS].every((field) => isSound(`${base}/${field}`));
  return sound ? { ...(known as Omit<Identity, 'mode'>), mode } : undefined;
}

/**
 * The fields that are there and sound, whichever these are.
 * @param otherwise the mode where none is written; undefined: it is not known
 */
export function readKnown(
  fields: Partial<IdentityFields>,
  base: string,
  look: Look,
  isSound: IsSound,
  otherwise: Mode | undefined,
): Partial<Identity> {
  const sound = (field: keyof IdentityFields) => fields[field] !== undefined && isSound(`${base}/${field}`);
  const known: Partial<Identity> = {};
  for (const field of TEXTS)
    if (sound(field)) {
      known[field] = fields[field] as string;
      const check = field === 'cname' ? checkFilledIn : checkPlainName;
      check(fields[field], `${base}/${field}`, look);
    }
  if (sound('uid')) known.uid = readOwnUid(fields.uid as string | number, `${base}/uid`, look);
  if (sound('mode')) known.mode = fields.mode as Mode;
  if (sound('streamTypes')) known.streamTypes = fields.streamTypes as 0 | 1 | 2;
  const mode = fields.mode === undefined ? otherwise : known.mode;
  if (known.cname !== undefined) checkChannelName(known.cname, mode, `${base}/cname`, look);
  return known;
}

/** @param mode undefined where it is not known: what any of them takes is right */
function checkChannelName(cname: string, mode: Mode | undefined, pointer: string, look: Look): void {
  // A page recording is no channel of the RTC service, whose rule this is: any label will do. Control characters
  // other than tabs and line ends are told of in any text.
  const isChannel = (mode ?? 'web') !== 'web';
  const wrong = !isChannel
    ? undefined
    : [...cname].find((one) => !CHANNEL_NAME_CHARACTER.test(one) && !/[^\P{Cc}\t\r\n]|\p{Cs}/u.test(one));
  const tooLong = channelNameLength(cname, mode);
  if (wrong !== undefined)
    look.report(
      'cname-format',
      pointer,
      `cname holds ${characterName(wrong)}, which no channel name can have`,
      'It consists of letters a to z and A to Z, digits, spaces and !#$%&()+-:;<=.>?@[]^_{}|~, as acquire was given it.',
    );
  else if (tooLong !== undefined) look.report('cname-too-long', pointer, tooLong);
}

/** The error in the length of a channel's name; undefined where there is none. */
export function channelNameLength(cname: string, mode: Mode | undefined): string | undefined {
  const bytes = Buffer.byteLength(cname);
  const most = MAX_CHANNEL_NAME_BYTES[mode ?? 'web'];
  return bytes > most ? `cname has ${bytes} bytes, at most ${most} are allowed` : undefined;
}

function characterName(character: string): string {
  const number = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `${quoted(character)} (U+${number})`;
}

/** The fields of an identity that the blocks depend on; undefined where they are not sound. */
export function readKind(
  { mode = 'mix', streamTypes }: Partial<IdentityFields>,
  base: string,
  isSound: IsSound,
): Pick<Identity, 'mode' | 'streamTypes'> | undefined {
  if (!isSound(`${base}/mode`) || !isSound(`${base}/streamTypes`)) return undefined;
  return { mode, ...(streamTypes === undefined ? {} : { streamTypes }) };
}
