import { BLOCK_MODES } from '../agora/tables.ts';
import type { BlockName, Identity } from '../model/recording.ts';
import type { DraftBlocks } from './checked.ts';
import type { Report } from './look.ts';

/**
 * Rules that depend on the identity: blocks against the mode, lists against `streamTypes`. The identity may come from
 * another file, so they run when it is known.
 * @param report gets pointers of fields, whose names shall be pointed at
 */
export function checkAgainstIdentity(
  { mode, streamTypes }: Pick<Identity, 'mode' | 'streamTypes'>,
  blocks: DraftBlocks,
  report: Report,
): void {
  for (const block of Object.keys(BLOCK_MODES) as BlockName[]) {
    const modes = BLOCK_MODES[block];
    if (blocks[block] === undefined || modes.includes(mode)) continue;
    const only = modes.length === 1 ? `mode ${modes[0]}` : `the modes ${modes.join(' and ')}`;
    report('block-against-mode', `/${block}`, `${block} is for ${only}, this recording has mode ${mode}`);
  }
  if (!blocks.subscriptions || !BLOCK_MODES.subscriptions.includes(mode)) return;
  const { audioUidList, videoUidList } = blocks.subscriptions;
  if (streamTypes === 0 && videoUidList)
    report(
      'list-against-stream-types',
      '/subscriptions/videoUidList',
      'a video list cannot be set, the recording takes audio only (streamTypes 0)',
    );
  if (streamTypes === 1 && audioUidList)
    report(
      'list-against-stream-types',
      '/subscriptions/audioUidList',
      'an audio list cannot be set, the recording takes video only (streamTypes 1)',
    );
  if (audioUidList && !videoUidList && streamTypes !== 0) reportAlone('audio', 'video', report);
  if (videoUidList && !audioUidList && streamTypes !== 1) reportAlone('video', 'audio', report);
}

function reportAlone(set: 'audio' | 'video', other: 'audio' | 'video', report: Report): void {
  const list = other === 'audio' ? 'subscribeAudioUids' : 'subscribeVideoUids';
  report(
    'list-for-one-medium',
    `/subscriptions/${set}UidList`,
    `with a list for ${set} alone no ${other} is recorded`,
    `To record everybody's ${other}, add ${other}UidList: { ${list}: ["#allstream#"] }.`,
  );
}
