import type { CheckedBlocks } from './checked.ts';
import type { Look } from './look.ts';
import type { RtmpBlock } from './schema.generated.ts';
import { secretSource } from './storage.ts';

/** The rules of `rtmp`; addresses behind references are looked at when they are known. */
export function readRtmp({ outputs }: RtmpBlock, look: Look): NonNullable<CheckedBlocks['rtmp']> {
  if (outputs.length > 1)
    look.report(
      'several-rtmp-outputs',
      '/rtmp/outputs/1',
      `${outputs.length} RTMP outputs, the service takes one at a time`,
    );
  return {
    outputs: outputs.map(({ rtmpUrl }, index) => {
      const source = secretSource(rtmpUrl);
      if ('literal' in source && !isRtmpUrl(source.literal))
        look.report('rtmp-url-format', `/rtmp/outputs/${index}/rtmpUrl`, NOT_RTMP);
      return { rtmpUrl: source };
    }),
  };
}

export const NOT_RTMP = 'the address does not begin with rtmp:// or rtmps:// and a host';

/** Source: Agora Cloud Recording REST, update, rtmpUrl; RTMP is the only protocol that the service pushes. */
export function isRtmpUrl(text: string): boolean {
  return /^rtmps?:\/\/[^\s/?#]+[^\s]*$/i.test(text);
}
