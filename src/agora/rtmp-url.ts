/** What is wrong with an address that `isRtmpUrl` does not take. */
export const NOT_RTMP = 'the address does not begin with rtmp:// or rtmps:// and a host';

/** Source: Agora Cloud Recording REST, update, rtmpUrl; RTMP is the only protocol that the service pushes. */
export function isRtmpUrl(text: string): boolean {
  return /^rtmps?:\/\/[^\s/?#]+[^\s]*$/i.test(text);
}
