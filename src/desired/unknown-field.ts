import { suggest } from './suggest.ts';

/*
 * Hints for a field that the format does not have, or not there: the field that was meant, and the place of fields that
 * the API names otherwise.
 */

/** Sections of the API's bodies by the block that takes what is inside them. */
const SECTIONS: Record<string, string> = {
  streamSubscribe: 'subscriptions',
  webRecordingConfig: 'onhold',
  rtmpPublishConfig: 'rtmp',
  storageConfig: 'storage',
  transcodingConfig: 'layout',
};

/** Sections of what `start` is given that more than one block takes, or none. */
const OF_START = ['recordingConfig', 'recordingFileConfig', 'extensionServiceConfig', 'snapshotConfig'];

/** What other programs call the fields. */
const SYNONYMS: Record<string, string> = {
  ...{ x: 'x_axis', left: 'x_axis', y: 'y_axis', top: 'y_axis', w: 'width', h: 'height', opacity: 'alpha' },
  ...{
    userId: 'uid',
    channel: 'cname',
    channelName: 'cname',
    layoutType: 'mixedVideoLayout',
    url: 'rtmpUrl',
  },
};

/** What only `start` is given, among what updateLayout takes as well (Agora Cloud Recording REST, start). */
const AT_START = ['width', 'height', 'fps', 'bitrate', 'resolution'];

/** `appId:a` in a mapping in braces, which is a name to YAML. */
const GLUED = /^(\w+):./s;

/** What other programs take for a comment, up to the name of the field below it. */
const COMMENT = /^\/[/*]/;

const ORDER = /^z(_?order|_?index)?$/i;

/** The known field that was meant by another name; undefined where none is near. */
export function meantField(field: string, known: readonly string[]): string | undefined {
  for (const names of [SECTIONS, SYNONYMS]) {
    const other = Object.hasOwn(names, field) ? names[field] : undefined;
    if (other !== undefined && known.includes(other)) return other;
  }
  const glued = GLUED.exec(field)?.[1];
  if (glued !== undefined) return known.find((name) => name === glued);
  if (COMMENT.test(field)) return known.find((name) => field.endsWith(`"${name}"`));
  return ORDER.test(field) ? undefined : suggest(field, known);
}

/**
 * @param where pointer of the mapping that has the field
 * @param homes pointers of the mappings that a field of this name belongs to
 * @param known the fields that may stand there
 */
export function wayOut(
  field: string,
  where: string,
  homes: readonly string[],
  known: readonly string[],
): string {
  const glued = GLUED.exec(field)?.[1];
  if (glued !== undefined && known.includes(glued))
    return `A space is missing behind the colon: write "${glued}: ".`;
  if (COMMENT.test(field)) return 'A comment begins with # here, not with // or /*.';
  if (field === '$schema')
    return 'Leave it out. An editor takes the schema from a first line "# yaml-language-server: $schema=PATH".';
  if (where === '/layout' && AT_START.includes(field))
    return 'It is set by start alone, and cannot be changed while the recording runs: leave it out.';
  const pasted = wayOutOfBody(field, where);
  if (pasted !== undefined) return pasted;
  if (ORDER.test(field) && known.includes('x_axis'))
    return 'Later regions lie on top of earlier ones: put them in that order, and leave it out.';
  const [home] = homes.map((place) => place.replace(/^\/settings(?=\/|$)/, ''));
  if (home === '') return 'It belongs at the top of the document.';
  if (home) return `It belongs in ${home.slice(1).replaceAll('/*', '').replaceAll('/', '.')}.`;
  const near = meantField(field, known);
  return near ? `Did you mean ${near}?${lookAlike(field)}` : `Known here: ${known.join(', ')}.`;
}

/** Whether a field is a section of the API's that stands within the very block that takes what is inside it. */
export function isLevelTooMany(field: string, where: string): boolean {
  const block = where.split('/')[1];
  return (
    block !== undefined &&
    (field === 'clientRequest' || (Object.hasOwn(SECTIONS, field) && SECTIONS[field] === block))
  );
}

/** The hint for a section that was pasted with its outer level. */
function wayOutOfBody(field: string, where: string): string | undefined {
  const block = where.split('/')[1];
  if (field === 'clientRequest')
    return block === undefined || block === 'recording'
      ? 'Paste what is inside it under subscriptions, layout, onhold, rtmp or storage, and the identifiers under recording; or use reelstate import.'
      : `Leave this level out: paste what is inside it under ${block}.`;
  if (OF_START.includes(field))
    return 'It is part of what start is given: reelstate import makes a file of that.';
  const target = Object.hasOwn(SECTIONS, field) ? SECTIONS[field] : undefined;
  if (target === undefined) return undefined;
  if (target === block) return `Leave this level out: paste what is inside it under ${block}.`;
  return target === 'onhold'
    ? 'Did you mean onhold? Write onhold: true or onhold: false at the top of the document.'
    : `Did you mean ${target}? Paste what is inside it there, or use reelstate import.`;
}

/** A letter of another script in a name that looks right. */
function lookAlike(field: string): string {
  const letter = [...field].find((one) => one > '\u007f');
  if (letter === undefined) return '';
  const code = (letter.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return ` The letter U+${code} in it only looks like one of that name.`;
}
