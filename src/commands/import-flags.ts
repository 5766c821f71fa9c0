import { MODES } from '../agora/tables.ts';
import type { ImportedIdentity } from '../import/convert.ts';
import type { StartJson } from '../import/start-json.ts';
import { blocksNamed } from '../import/usable.ts';
import { usage } from '../model/failure.ts';
import type { BlockName, Mode } from '../model/recording.ts';
import { flagOf, type RawOptions } from './settings.ts';

/** What the command line says of `import`, checked. */
export interface ImportFlags {
  appId: string | undefined;
  resourceId: string | undefined;
  sid: string | undefined;
  mode: Mode | undefined;
  cname: string | undefined;
  uid: string | undefined;
  name: string | undefined;
  out: string | undefined;
  /** The blocks that are wanted; undefined: all. */
  only: ReadonlySet<BlockName> | undefined;
}

/** @throws Failure (64) */
export function readImportFlags(raw: RawOptions): ImportFlags {
  const text = (name: string) => {
    if (raw[name] === '') throw usage(`${flagOf(name)}: must not be empty`);
    return typeof raw[name] === 'string' ? (raw[name] as string) : undefined;
  };
  const mode = text('mode');
  if (mode !== undefined && !MODES.includes(mode as Mode))
    throw usage(`--mode ${JSON.stringify(mode)}: must be one of ${MODES.join(', ')}`);
  const only = text('only');
  const blocks = only === undefined ? undefined : blocksNamed(only.split(',').map((name) => name.trim()));
  if (only !== undefined && !blocks)
    throw usage(
      `--only ${JSON.stringify(only)}: must be names of blocks, with commas between them`,
      'The blocks are subscriptions, layout, onhold, rtmp and storage.',
    );
  return {
    ...{ appId: text('appId'), resourceId: text('resourceId'), sid: text('sid') },
    ...{ mode: mode as Mode | undefined, cname: text('cname'), uid: text('uid') },
    ...{ name: text('name'), out: text('out'), only: blocks },
  };
}

/**
 * The recording's identity from the flags or the JSON; undefined where neither has anything that `start` answers.
 * @throws Failure (64) where a part of it is missing, or neither names the channel or the recording client
 */
export function identityOf(
  flags: ImportFlags,
  start: StartJson,
  mode: Mode,
  file: string,
): ImportedIdentity | undefined {
  const said = (name: 'appId' | 'resourceId' | 'sid') => {
    const kept = start[name];
    return flags[name] || (typeof kept === 'string' && kept !== '' ? kept : undefined);
  };
  const [appId, resourceId, sid] = [said('appId'), said('resourceId'), said('sid')];
  if ([resourceId, sid, flags.appId, flags.uid].every((given) => given === undefined)) return undefined;
  const missing = (flag: string) =>
    usage(`${flag} is missing`, 'It says which running recording the file is about.');
  if (appId === undefined) throw missing('--app-id');
  if (resourceId === undefined) throw missing('--resource-id');
  if (sid === undefined) throw missing('--sid');
  const cname = flags.cname ?? start.cname ?? undefined;
  const uid = flags.uid ?? start.uid ?? undefined;
  if (cname === undefined) throw usage(`--cname is missing: ${file} does not name the channel`);
  if (uid === undefined) throw usage(`--uid is missing: ${file} does not name the recording client`);
  return { appId, cname, uid, resourceId, sid, mode };
}

/** As the flag or the JSON says it; else web where there is its service, and mix, as in a file without a mode. */
export function modeOf(flags: ImportFlags, { mode, clientRequest }: StartJson): Mode {
  if (flags.mode) return flags.mode;
  if (MODES.includes(mode as Mode)) return mode as Mode;
  return JSON.stringify(clientRequest.extensionServiceConfig ?? '').includes('"web_recorder_service"')
    ? 'web'
    : 'mix';
}
