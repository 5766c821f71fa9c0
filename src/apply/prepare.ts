import { expiredWords, expiringWords, hasExpired, MIN_STS_SECONDS } from '../agora/sts.ts';
import type { Call } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Sealed, Storage, UpdateRequest } from '../model/recording.ts';
import type { Prepare, Unready, Work } from '../model/work.ts';
import { unseenIn, withoutLineEnds } from '../secrets/secret-text.ts';
import type { Vault } from '../secrets/vault.ts';

/** Runs a program without a shell. @returns its standard output, or what went wrong; never what it printed */
export type RunProgram = (argv: readonly string[]) => Promise<{ stdout: string } | Unready>;

/** What the AWS `credential_process` form gives ("Sourcing credentials with an external process", Version 1). */
interface Printed {
  accessKey: string;
  secretKey: string;
  stsToken?: string;
  /** Unix seconds */
  stsExpiration?: number;
  /** Milliseconds since 1970. */
  expires?: number;
}

/** Warns about credentials that are sent all the same. */
export type Warn = (work: Work, message: string) => void;

/**
 * Makes calls ready: a token that the file gives must not have expired. Where storage credentials come from a program, it is run, and
 * what it printed is put into the request, sealed. Recordings with the same command share one run, for as long as `freshFor` milliseconds, and half
 * the life of what it printed at most: a renewal needs newer credentials. `distrust` drops what the service has
 * refused.
 */
export function makePrepare(
  run: RunProgram,
  vault: Vault,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  freshFor: number,
  warn: Warn = () => {},
): { prepare: Prepare; distrust: (call: Call) => void } {
  /** Recordings with the command of which it was said that its tokens are short: each renewal would say it again. */
  const warned = new Set<string>();
  const lookAtLife = (work: Work, command: Sealed, { expires, stsToken }: Printed) => {
    const id = `${work.key}\n${command.sealed}`;
    const left = expires === undefined ? Number.POSITIVE_INFINITY : (expires - clock.now()) / 1000;
    if (stsToken === undefined || left >= MIN_STS_SECONDS || warned.has(id)) return;
    warned.add(id);
    warn(work, `${command.shown}: ${expiringWords(left)}`);
  };
  const runs = new Map<string, { until: number; result: Promise<Printed | Unready> }>();
  const credentials = (command: Sealed): Promise<Printed | Unready> => {
    const argv = vault.reveal(command);
    if (argv === undefined)
      return Promise.resolve({ message: 'the command for the storage credentials is not at hand' });
    const found = runs.get(argv);
    if (found && clock.monotonic() < found.until) return found.result;
    const result = run(JSON.parse(argv) as string[]).then((output) =>
      'message' in output ? output : read(output.stdout, command.shown, clock.now()),
    );
    const kept = { until: clock.monotonic() + freshFor, result };
    runs.set(argv, kept);
    result.then((printed) => {
      // A failure is not kept: the next call tries again.
      if ('message' in printed) runs.delete(argv);
      else if (printed.expires !== undefined)
        kept.until = Math.min(kept.until, clock.monotonic() + (printed.expires - clock.now()) / 2);
    });
    return result;
  };
  return {
    prepare: async (call, work) => {
      const storage = storageOf(call);
      if (storage && !call.keeps && hasExpired(storage, clock.now()))
        return { message: expiredWords(storage.stsExpiration as number) };
      if (!storage?.credentials) return { call };
      const printed = await credentials(storage.credentials);
      if ('message' in printed) return printed;
      lookAtLife(work, storage.credentials, printed);
      return { call: withCredentials(call, storage, printed, vault) };
    },
    distrust: (call) => {
      const command = storageOf(call)?.credentials;
      const argv = command && vault.reveal(command);
      if (argv !== undefined) runs.delete(argv);
    },
  };
}

function storageOf(call: Call): Storage | undefined {
  return call.endpoint === 'update' ? call.request.storageConfig : undefined;
}

function withCredentials(call: Call, storage: Storage, printed: Printed, vault: Vault): Call {
  const reference = storage.credentials?.reference ?? 'command';
  const storageConfig: Storage = {
    ...storage,
    accessKey: vault.seal(printed.accessKey, reference),
    secretKey: vault.seal(printed.secretKey, reference),
    ...(printed.stsToken === undefined ? {} : { stsToken: vault.seal(printed.stsToken, reference) }),
    ...(printed.stsExpiration === undefined ? {} : { stsExpiration: printed.stsExpiration }),
  };
  return { ...call, request: { ...(call.request as UpdateRequest), storageConfig } } as Call;
}

function read(stdout: string, program: string, now: number): Printed | Unready {
  const wrong = (what: string): Unready => ({
    message: `${program} did not print storage credentials: ${what}`,
  });
  let printed: Record<string, unknown>;
  try {
    printed = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    return wrong('its output is no JSON');
  }
  if (typeof printed !== 'object' || printed === null) return wrong('its output is no JSON object');
  if (printed.Version !== 1) return wrong('"Version" is not 1');
  const { AccessKeyId, SecretAccessKey } = printed;
  // Some programs print the optional fields always, as null or empty.
  const SessionToken = printed.SessionToken || undefined;
  const Expiration = printed.Expiration || undefined;
  if (typeof AccessKeyId !== 'string') return wrong('"AccessKeyId" is missing');
  if (typeof SecretAccessKey !== 'string') return wrong('"SecretAccessKey" is missing');
  if (SessionToken !== undefined && typeof SessionToken !== 'string')
    return wrong('"SessionToken" is not text');
  const accessKey = withoutLineEnds(AccessKeyId);
  const secretKey = withoutLineEnds(SecretAccessKey);
  const stsToken = SessionToken === undefined ? undefined : withoutLineEnds(SessionToken);
  for (const [field, value] of Object.entries({
    AccessKeyId: accessKey,
    SecretAccessKey: secretKey,
    ...(stsToken === undefined ? {} : { SessionToken: stsToken }),
  })) {
    if (value === '') return wrong(`"${field}" is missing`);
    const unseen = unseenIn(value);
    if (unseen) return wrong(`"${field}" has ${unseen}`);
  }
  const expires = Expiration === undefined ? undefined : Date.parse(String(Expiration));
  if (expires !== undefined && Number.isNaN(expires)) return wrong('"Expiration" is not a time');
  if (expires !== undefined && expires <= now)
    return wrong(`they have expired, at ${new Date(expires).toISOString()}`);
  return {
    accessKey,
    secretKey,
    ...(stsToken === undefined ? {} : { stsToken }),
    ...(expires === undefined ? {} : { expires }),
    ...(expires === undefined || stsToken === undefined ? {} : { stsExpiration: Math.floor(expires / 1000) }),
  };
}
