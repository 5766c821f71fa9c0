import { describe, expect, it } from 'vitest';
import { completeLayout, completeSubscriptions, DEFAULTS } from '../../src/agora/defaults.ts';

const REGION = { x_axis: 0, y_axis: 0, width: 0.5, height: 0.5 };
const ALL = ['#allstream#'];

describe('a layout as the service shows it', () => {
  it('is floating on black where nothing is set', () => {
    expect(completeLayout({})).toEqual({ mixedVideoLayout: 0, backgroundColor: '#000000' });
  });

  it('keeps what is set, explicit defaults and zeros included', () => {
    const layout = {
      mixedVideoLayout: 3,
      backgroundColor: '#FF0000',
      backgroundImage: 'https://example.com/a.jpg',
      defaultUserBackgroundImage: 'https://example.com/b.jpg',
      maxResolutionUid: '5',
      layoutConfig: [{ uid: '1', ...REGION, alpha: 0, render_mode: 1 }],
      backgroundConfig: [{ uid: '1', image_url: 'https://example.com/c.jpg', render_mode: 1 }],
    } as const;
    expect(completeLayout(structuredClone(layout) as never)).toEqual(layout);
  });

  it('completes every region and background, and invents no uid', () => {
    const { layoutConfig, backgroundConfig } = completeLayout({
      layoutConfig: [REGION],
      backgroundConfig: [{ uid: '1', image_url: 'https://example.com/c.jpg' }],
    });
    expect(layoutConfig).toEqual([{ ...REGION, alpha: 1, render_mode: 0 }]);
    expect(layoutConfig?.[0]).not.toHaveProperty('uid');
    expect(backgroundConfig).toEqual([{ uid: '1', image_url: 'https://example.com/c.jpg', render_mode: 0 }]);
  });

  it('means the same however the fields are ordered: equal layouts are equal texts', () => {
    const one = completeLayout({ backgroundColor: '#FF0000', mixedVideoLayout: 1 });
    const two = completeLayout({ mixedVideoLayout: 1, backgroundColor: '#FF0000' });
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
    expect(JSON.stringify(completeLayout(one))).toBe(JSON.stringify(one));
  });
});

describe('subscriptions as the service takes them', () => {
  it.each([
    [undefined, { audioUidList: { subscribeAudioUids: ALL }, videoUidList: { subscribeVideoUids: ALL } }],
    [2, { audioUidList: { subscribeAudioUids: ALL }, videoUidList: { subscribeVideoUids: ALL } }],
    [0, { audioUidList: { subscribeAudioUids: ALL } }],
    [1, { videoUidList: { subscribeVideoUids: ALL } }],
  ] as const)(
    'without any list every stream that start asked for (streamTypes %s)',
    (streamTypes, expected) => {
      expect(completeSubscriptions({}, streamTypes)).toEqual(expected);
    },
  );

  it('a list for one medium stays alone: it means that the other is not recorded', () => {
    const audio = { audioUidList: { subscribeAudioUids: ['1'] } };
    const video = { videoUidList: { unSubscribeVideoUids: ['1'] } };
    expect(completeSubscriptions(audio)).toEqual(audio);
    expect(completeSubscriptions(video)).toEqual(video);
    expect(completeSubscriptions({ ...audio, ...video })).toEqual({ ...audio, ...video });
  });

  it('a medium without a list in it is no list', () => {
    expect(completeSubscriptions({ audioUidList: {}, videoUidList: { subscribeVideoUids: ['1'] } })).toEqual({
      videoUidList: { subscribeVideoUids: ['1'] },
    });
    expect(completeSubscriptions({ audioUidList: { subscribeAudioUids: undefined } })).toEqual(
      completeSubscriptions({}),
    );
  });

  it('hands out lists of its own: whoever changes one changes no default', () => {
    completeSubscriptions({}).audioUidList?.subscribeAudioUids?.push('1');
    expect(completeSubscriptions({}).audioUidList?.subscribeAudioUids).toEqual(ALL);
    expect(DEFAULTS.uids).toEqual(ALL);
  });
});
