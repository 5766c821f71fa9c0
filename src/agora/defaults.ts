import type { Layout, Region, Subscriptions } from '../model/recording.ts';

/**
 * What the service takes for a field that a call leaves out. Both calls override, so this one table completes
 * the desired and the last applied state alike. Source: Agora Cloud Recording REST, updateLayout (mixedVideoLayout,
 * backgroundColor, alpha, render_mode) and update (onhold; subscription lists).
 */
export const DEFAULTS = {
  layout: { mixedVideoLayout: 0, backgroundColor: '#000000' },
  region: { alpha: 1, render_mode: 0 },
  backgroundConfig: { render_mode: 0 },
  onhold: false,
  /** No list at all: every stream of the channel. Written out, so that it is sent as plainly as it is meant. */
  uids: ['#allstream#'],
} as const;

/** The layout that the service shows after an `updateLayout` with these fields. Fields in a fixed order. */
export function completeLayout(layout: Layout): Layout {
  const whole: Layout = {
    mixedVideoLayout: layout.mixedVideoLayout ?? DEFAULTS.layout.mixedVideoLayout,
    backgroundColor: layout.backgroundColor ?? DEFAULTS.layout.backgroundColor,
  };
  if (layout.backgroundImage !== undefined) whole.backgroundImage = layout.backgroundImage;
  if (layout.defaultUserBackgroundImage !== undefined)
    whole.defaultUserBackgroundImage = layout.defaultUserBackgroundImage;
  if (layout.maxResolutionUid !== undefined) whole.maxResolutionUid = layout.maxResolutionUid;
  if (layout.layoutConfig) whole.layoutConfig = layout.layoutConfig.map(completeRegion);
  if (layout.backgroundConfig)
    whole.backgroundConfig = layout.backgroundConfig.map(({ uid, image_url, render_mode }) => ({
      uid,
      image_url,
      render_mode: render_mode ?? DEFAULTS.backgroundConfig.render_mode,
    }));
  return whole;
}

function completeRegion({ uid, x_axis, y_axis, width, height, alpha, render_mode }: Region): Region {
  const whole = {
    x_axis,
    y_axis,
    width,
    height,
    alpha: alpha ?? DEFAULTS.region.alpha,
    render_mode: render_mode ?? DEFAULTS.region.render_mode,
  };
  return uid === undefined ? whole : { uid, ...whole };
}

/**
 * The subscriptions that an `update` with these lists leads to. Without any list every stream is recorded; a
 * list for one medium alone means that the other is not recorded, so it must stay alone.
 * @param streamTypes what `start` was given: with 0 no video list may be set, with 1 no audio list
 */
export function completeSubscriptions(lists: Subscriptions, streamTypes: 0 | 1 | 2 = 2): Subscriptions {
  const { audioUidList, videoUidList } = lists;
  const complete: Subscriptions = {};
  if (hasList(audioUidList) || hasList(videoUidList)) {
    if (hasList(audioUidList)) complete.audioUidList = audioUidList;
    if (hasList(videoUidList)) complete.videoUidList = videoUidList;
    return complete;
  }
  if (streamTypes !== 1) complete.audioUidList = { subscribeAudioUids: [...DEFAULTS.uids] };
  if (streamTypes !== 0) complete.videoUidList = { subscribeVideoUids: [...DEFAULTS.uids] };
  return complete;
}

function hasList(medium: object | undefined): medium is object {
  return medium !== undefined && Object.values(medium).some((list) => list !== undefined);
}
