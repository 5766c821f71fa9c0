import { desiredRequests } from '../agora/requests.ts';
import type { CheckedFile } from '../desired/checked.ts';
import { resolveFile } from '../desired/resolve.ts';
import { Failure } from '../model/failure.ts';
import type { Intent } from '../model/journal.ts';
import type { Io } from '../model/ports.ts';
import type { BlockName, DesiredRecording, Endpoint } from '../model/recording.ts';
import { recordingKey } from '../model/recording-key.ts';
import { Vault } from '../secrets/vault.ts';
import { LockedState } from '../state/errors.ts';
import { bindingsOf, checkTarget, writing } from './open-state.ts';
import type { Settings } from './settings.ts';

/**
 * Opens the state to record an imported file as what is applied: `start` has put it in force. Secrets are sealed
 * under the references that the file has, as if the environment held the JSON's values.
 * @param values the secrets by variable
 * @throws Failure where the state has the recording already: that is newer than what `start` was given
 */
export async function openForImport(
  settings: Settings,
  checked: CheckedFile,
  values: Readonly<Record<string, string>>,
  io: Io,
): Promise<{ commit(): Promise<Endpoint[]>; close(): Promise<void> }> {
  const { accounts } = settings;
  await accounts.mustBeSound(settings.color);
  await accounts.follow();
  const store = await writing('reelstate import', settings, io).catch((error) => {
    throw besides(error);
  });
  try {
    const vault = new Vault(store.key);
    checkTarget(store.state.known, settings, io, store.key);
    const readFile = async () => 'missing' as const;
    const { documents } = await resolveFile(checked, { cwd: io.cwd, env: values, readFile, vault });
    const { recording } = documents[0] as { recording: DesiredRecording };
    const intents = intentsOf(recording);
    const binding = bindingsOf(settings, store.key)(recording.identity?.appId ?? '');
    // Before the file is written: what could not be recorded must leave nothing behind.
    await store.claim([binding.account ?? ''], 0).catch((error) => {
      throw besides(error);
    });
    const known = store.state.known.head(intents.key);
    if (known)
      throw new Failure(`this recording is in the state folder already, as ${known.name} (${known.file})`, {
        hint: 'Nothing was written. Without --applied the file is written, and plan shows how it differs.',
      });
    const commit = async () => {
      for (const intent of intents.list) {
        const { key, endpoint } = intent;
        const of = await store.append({ ...intent, ...binding });
        await store.append({
          event: 'answer',
          key,
          endpoint,
          of,
          outcome: 'applied',
          message: 'imported from what start was given',
        });
      }
      return intents.list.map(({ endpoint }) => endpoint);
    };
    return { commit, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A daemon does not end by itself. Other errors are returned as they are. */
function besides(error: unknown): unknown {
  if (!(error instanceof LockedState)) return error;
  return new Failure(error.message, {
    hint: 'Nothing was written. Without --applied the file is written, and a running daemon sends the same once, which changes nothing; or stop it first.',
  });
}

function intentsOf({ name, file, identity, blocks }: DesiredRecording): { key: string; list: Intent[] } {
  if (!identity) throw new Error('an imported file names its recording itself');
  const key = recordingKey(identity);
  const written = blocks();
  const whole = desiredRequests(identity, written, new Set(Object.keys(written) as BlockName[]));
  const list = (Object.keys(whole) as Endpoint[]).map(
    (endpoint): Intent => ({
      event: 'intent',
      key,
      name,
      file,
      identity,
      endpoint,
      reason: 'first-apply',
      request: whole[endpoint] as Intent['request'],
    }),
  );
  return { key, list };
}
