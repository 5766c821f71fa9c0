import { ALL_STREAMS } from '../agora/tables.ts';
import type { Subscriptions } from '../model/recording.ts';
import type { Look } from './look.ts';
import type { SubscriptionsBlock, Uid } from './schema.generated.ts';
import { isMapping } from './shape.ts';
import type { IsSound } from './soundness.ts';
import { readUserUid, reportTwice } from './uid.ts';

/**
 * The rules of subscription lists, and their normal form: UIDs as text, the capital S.
 * @returns undefined where anything is not sound
 */
export function readSubscriptions(
  block: SubscriptionsBlock,
  look: Look,
  isSound: IsSound,
): Subscriptions | undefined {
  const { audioUidList: audio, videoUidList: video } = block;
  const normal: Subscriptions = {};
  if (isMapping(audio)) {
    const base = '/subscriptions/audioUidList';
    const capital = audio.unSubscribeAudioUids;
    reportSpellings(base, 'AudioUids', capital, audio.unsubscribeAudioUids, look);
    const spelt = capital ? 'unSubscribeAudioUids' : 'unsubscribeAudioUids';
    const lists = readLists(
      audio.subscribeAudioUids,
      capital ?? audio.unsubscribeAudioUids,
      base,
      'AudioUids',
      spelt,
      look,
      isSound,
    );
    normal.audioUidList = lists.subscribe
      ? { subscribeAudioUids: lists.subscribe }
      : { unSubscribeAudioUids: lists.unsubscribe };
  }
  if (isMapping(video)) {
    const base = '/subscriptions/videoUidList';
    const capital = video.unSubscribeVideoUids;
    reportSpellings(base, 'VideoUids', capital, video.unsubscribeVideoUids, look);
    const spelt = capital ? 'unSubscribeVideoUids' : 'unsubscribeVideoUids';
    const lists = readLists(
      video.subscribeVideoUids,
      capital ?? video.unsubscribeVideoUids,
      base,
      'VideoUids',
      spelt,
      look,
      isSound,
    );
    normal.videoUidList = lists.subscribe
      ? { subscribeVideoUids: lists.subscribe }
      : { unSubscribeVideoUids: lists.unsubscribe };
  }
  return isSound('/subscriptions') ? normal : undefined;
}

function reportSpellings(
  base: string,
  medium: string,
  capital: Uid[] | undefined,
  small: Uid[] | undefined,
  look: Look,
): void {
  if (!capital || !small) return;
  const summary = `unSubscribe${medium} and unsubscribe${medium} are the same list`;
  look.reportField('uid-list-two-spellings', `${base}/unsubscribe${medium}`, summary, 'Keep one of the two.');
}

function readLists(
  subscribe: Uid[] | undefined,
  unsubscribe: Uid[] | undefined,
  base: string,
  medium: string,
  spelt: string,
  look: Look,
  isSound: IsSound,
): { subscribe?: string[]; unsubscribe?: string[] } {
  if (subscribe && unsubscribe)
    look.reportField(
      'uid-list-both',
      `${base}/${spelt}`,
      `subscribe${medium} is set as well`,
      'Keep one of the two lists.',
    );
  return {
    ...(subscribe
      ? { subscribe: readList(subscribe, `${base}/subscribe${medium}`, true, look, isSound) }
      : {}),
    ...(unsubscribe ? { unsubscribe: readList(unsubscribe, `${base}/${spelt}`, false, look, isSound) } : {}),
  };
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
