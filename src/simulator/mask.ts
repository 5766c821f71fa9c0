/** What stands for a secret that the simulator was sent. */
export const HIDDEN = '(sensitive)';

/** Fields of the API whose values are secrets, wherever they stand in a body (REST, start and update). */
const SECRET_FIELDS = new Set(['accessKey', 'secretKey', 'stsToken', 'token', 'secret', 'salt']);

function maskedUrl(url: string): string {
  const match = /^(rtmps?:\/\/)(?:[^/?#]*@)?([^/?#]*)/i.exec(url);
  return match ? `${match[1]}${match[2]}/${HIDDEN}` : HIDDEN;
}

/** A copy of a JSON value in which every secret is replaced; of an RTMP URL scheme and host stay. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (SECRET_FIELDS.has(name)) return [name, HIDDEN];
      if (name === 'rtmpUrl') return [name, typeof field === 'string' ? maskedUrl(field) : HIDDEN];
      return [name, masked(field)];
    }),
  );
}
