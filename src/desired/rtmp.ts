import { isRtmpUrl, NOT_RTMP } from '../agora/rtmp-url.ts';
import { isObject } from '../model/json.ts';
import { unseenIn } from '../secrets/secret-text.ts';
import type { CheckedBlocks } from './checked.ts';
import type { Look } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import type { RtmpBlock } from './schema.generated.ts';
import type { IsSound } from './soundness.ts';
import { secretSource } from './storage.ts';

/**
 * The rules of `rtmp`; addresses behind references are looked at when they are known.
 * @returns undefined where anything is not sound
 */
export function readRtmp({ outputs }: RtmpBlock, look: Look, isSound: IsSound): CheckedBlocks['rtmp'] {
  if (!Array.isArray(outputs)) return undefined;
  if (outputs.length > 1)
    look.report(
      'several-rtmp-outputs',
      '/rtmp/outputs/1',
      `${outputs.length} RTMP outputs, the service takes one at a time`,
      'Keep one of them.',
    );
  const sources = outputs.flatMap((output, index) => {
    const pointer = `/rtmp/outputs/${index}/rtmpUrl`;
    if (!isObject(output) || !isSound(pointer)) return [];
    const source = secretSource(output.rtmpUrl);
    if ('literal' in source) checkWritten(source.literal, pointer, look);
    return [{ rtmpUrl: source }];
  });
  return isSound('/rtmp') ? { outputs: sources } : undefined;
}

/** An address that is written out in the file. What it must not hold at all is looked at together with the others. */
function checkWritten(url: string, pointer: string, look: Look): void {
  const whole = placeholderIn(url);
  if (whole !== undefined && !isRtmpUrl(url)) {
    const name = whole === true ? 'NAME' : whole;
    look.report(
      'rtmp-url-format',
      pointer,
      'the address is a placeholder',
      `Write {fromEnv: ${name}} in its place.`,
    );
    return;
  }
  if (unseenIn(url)) return;
  if (!isRtmpUrl(url)) look.report('rtmp-url-format', pointer, NOT_RTMP);
  else if (whole !== undefined || /<[^<>]+>/.test(url))
    look.report(
      'rtmp-url-placeholder',
      pointer,
      'the address holds a placeholder, and is sent as it stands',
      'Keep the whole address in a variable or file: {fromEnv: NAME} or {fromFile: PATH}.',
    );
}
