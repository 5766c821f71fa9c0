import { ALL_STREAMS, MAX_VIDEO_STREAMS } from '../agora/tables.ts';
import { isObject } from '../model/json.ts';
import type { Subscriptions } from '../model/recording.ts';
import type { Look } from './look.ts';
import type { SubscriptionsBlock, Uid } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { readUserUid, reportTwice } from './uid.ts';

type Medium = 'Audio' | 'Video';

/** Lists by the names that the file has for them. */
type Lists = Record<string, string[]>;

/**
 * The rules of subscription lists, and their normal form: UIDs as text.
 * @returns undefined where anything is not sound
 */
export function readSubscriptions(
  block: SubscriptionsBlock,
  look: Look,
  isSound: IsSound,
): Subscriptions | undefined {
  const { audioUidList, videoUidList } = block;
  const normal: Subscriptions = {};
  if (isObject(audioUidList)) normal.audioUidList = readMedium('Audio', audioUidList, look, isSound);
  if (isObject(videoUidList)) normal.videoUidList = readMedium('Video', videoUidList, look, isSound);
  return isSound('/subscriptions') ? normal : undefined;
}

/** @returns the one list that counts, by the name that the file has for it */
function readMedium(
  medium: Medium,
  written: Readonly<Record<string, Uid[] | undefined>>,
  look: Look,
  isSound: IsSound,
): Lists {
  const base = `/subscriptions/${medium.toLowerCase()}UidList`;
  const [subscribe, capital, small] = ['subscribe', 'unSubscribe', 'unsubscribe'].map(
    (verb) => `${verb}${medium}Uids`,
  ) as [string, string, string];
  if (written[capital] && written[small])
    look.reportField(
      'uid-list-two-spellings',
      `${base}/${small}`,
      `${capital} and ${small} are the same list`,
      'Keep one of the two.',
    );
  const unsubscribe = written[capital] ? capital : small;
  if (written[subscribe] && written[unsubscribe])
    look.reportField(
      'uid-list-both',
      `${base}/${unsubscribe}`,
      `${subscribe} is set as well`,
      'Keep one of the two lists.',
    );
  const lists: Lists = {};
  for (const name of [subscribe, unsubscribe]) {
    const list = written[name];
    if (list) lists[name] = readList(list, `${base}/${name}`, name === subscribe, look, isSound);
  }
  if (medium === 'Video') checkLength(lists[subscribe], `${base}/${subscribe}`, look);
  const name = lists[subscribe] ? subscribe : unsubscribe;
  return lists[name] ? { [name]: lists[name] } : {};
}

function checkLength(list: readonly string[] | undefined, pointer: string, look: Look): void {
  if (list && list.length > MAX_VIDEO_STREAMS)
    look.report(
      'more-videos-than-recorded',
      pointer,
      `${list.length} UIDs, but at most ${MAX_VIDEO_STREAMS} videos are recorded`,
      `The service takes the first ${MAX_VIDEO_STREAMS} video streams in the order of joining, whatever a list says.`,
    );
}

function readList(
  list: readonly Uid[],
  base: string,
  subscribe: boolean,
  look: Look,
  isSound: IsSound,
): string[] {
  if (!Array.isArray(list)) return [];
  const all = list.indexOf(ALL_STREAMS);
  if (all !== -1 && !subscribe)
    look.report(
      'all-streams-unsubscribed',
      `${base}/${all}`,
      `"${ALL_STREAMS}" cannot be unsubscribed`,
      'To record nothing of a medium, set a list for the other one only.',
    );
  else if (all !== -1 && list.length > 1)
    look.report('all-streams-beside-others', `${base}/${all}`, `"${ALL_STREAMS}" must be alone in its list`);
  const uids = list.flatMap((value, index) => {
    const pointer = `${base}/${index}`;
    if (!isSound(pointer)) return [];
    return [{ uid: value === ALL_STREAMS ? value : readUserUid(value, pointer, look), pointer }];
  });
  reportTwice(
    uids.filter(({ uid }) => uid !== ALL_STREAMS),
    'the list',
    look,
  );
  return uids.map(({ uid }) => uid);
}
