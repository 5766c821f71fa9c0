import { Failure, usage } from '../model/failure.ts';

/** How long a daemon may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Asks a running `reelstate watch --listen`.
 * @param path such as "/api/recordings"
 * @param flag that gave the address, for messages
 * @throws Failure where nobody answers, or not as a daemon does
 */
export async function askDaemon<T extends { recordings: unknown[] }>(
  address: string,
  path: string,
  flag: string,
): Promise<T> {
  const url = URL.canParse(address) ? new URL(path, address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw usage(`${flag} ${JSON.stringify(address)}: must be an address such as http://127.0.0.1:9464`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const answer = response.ok ? ((await response.json()) as T) : undefined;
    if (!Array.isArray(answer?.recordings)) throw new Error(`it answers ${response.status}`);
    return answer;
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Failure(
      `no reelstate daemon answers at ${url.origin}: ${(cause as Error)?.message || message}`,
      {
        hint: 'It listens where reelstate watch --listen HOST:PORT says.',
      },
    );
  }
}
