import { Failure, usage } from '../model/failure.ts';
import { isObject, isShallow } from '../plan/shapes.ts';

/** How long a daemon may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Asks a running `reelstate watch --listen`.
 * @param path such as "/api/recordings"
 * @param flag that gave the address, for messages
 * @param isWhole whether an answer is of the shape that a daemon gives it
 * @throws Failure where nobody answers, or not as a daemon does
 */
export async function askDaemon<T extends { recordings: unknown[] }>(
  address: string,
  path: string,
  flag: string,
  isWhole: (answer: unknown) => boolean,
): Promise<T> {
  const answer = await answerOf(address, path, flag);
  const { format_version: version } = answer;
  if (version !== undefined && version !== '1.0')
    throw new Failure(`the daemon at ${address} is of another version of reelstate`);
  if (!isShallow(answer) || !isWhole(answer))
    throw new Failure(`what the daemon at ${address} answers is damaged`, {
      hint: 'It is not what reelstate watch says. Is something between, or is it of another version?',
    });
  return answer as T;
}

async function answerOf(
  address: string,
  path: string,
  flag: string,
): Promise<{ format_version?: unknown; recordings: unknown[] }> {
  const url = URL.canParse(address) ? new URL(path, address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw usage(`${flag} ${JSON.stringify(address)}: must be an address such as http://127.0.0.1:9464`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const answer: unknown = response.ok ? await response.json() : undefined;
    if (!isObject(answer) || !Array.isArray(answer.recordings))
      throw new Error(`it answers ${response.status}`);
    return answer as { recordings: unknown[] };
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
