import type { EnginePorts } from '../../src/apply/engine.ts';
import { Fleet } from '../../src/apply/fleet.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { makeLog } from '../../src/daemon/log.ts';
import type { Answer } from '../../src/model/answer.ts';
import type { Io } from '../../src/model/ports.ts';
import type { DesiredRecording } from '../../src/model/recording.ts';
import type { DesiredSource, Snapshot } from '../../src/model/source.ts';
import { styleFor } from '../../src/render/style.ts';
import type { Vault } from '../../src/secrets/vault.ts';
import { bench, type Sent } from './engine.ts';
import { desiredOf } from './planning.ts';

export interface LogLine {
  level: string;
  msg: string;
  recording?: string;
}

/** The identity in a recording's file; more of it may follow. */
export function identityOf(n: number | string, mode: string): string {
  return `recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: channel-${n}
  uid: "527841"
  resourceId: resource-${n}
  sid: sid-${n}
  mode: ${mode}
`;
}

/** Text of a recording's file whose update and layout a test recognises by a mark each. */
export function fileOf(
  n: number | string,
  { uid = '1', color = '#101010', name = `rec-${n}`, rest = '' } = {},
): string {
  return `name: ${name}
${identityOf(n, 'mix')}  streamTypes: 2
subscriptions:
  audioUidList:
    subscribeAudioUids: ["${uid}"]
layout:
  mixedVideoLayout: bestFit
  backgroundColor: "${color}"
${rest}`;
}

/** Files in memory that a daemon looks at. */
export class MemorySource implements DesiredSource {
  readonly files = new Map<string, string>();
  readonly env: Record<string, string> = {};
  /** What a look fails with, instead. */
  failure: Error | undefined;
  settling: string[] = [];
  vault: Vault | undefined;
  looks = 0;
  #before = new Map<string, string>();

  async refresh(): Promise<Snapshot> {
    this.looks += 1;
    if (this.failure) throw this.failure;
    const set = await desiredOf(Object.fromEntries(this.files), this.env, {}, this.vault);
    const byName = new Map<string, DesiredRecording>(set.recordings.map((each) => [each.name, each]));
    const textOf = (file: string) => this.files.get(file.slice('recordings/'.length)) ?? '';
    const now = new Map([...byName].map(([name, { file }]) => [name, textOf(file)]));
    const changed = [...new Set([...now.keys(), ...this.#before.keys()])].filter(
      (name) => now.get(name) !== this.#before.get(name),
    );
    this.#before = now;
    return { set, byName, changed, files: new Set(), settling: this.settling };
  }

  async close(): Promise<void> {}
}

/** A daemon between files in memory, a scripted service, a journal in memory and a clock that a test moves. */
export function daemonBench(
  script: (sent: Sent, n: number) => Answer | Promise<Answer>,
  ports: Partial<Pick<EnginePorts, 'prepare' | 'distrust' | 'reveal'>> = {},
  hadGap: () => boolean = () => false,
) {
  const lines: LogLine[] = [];
  const source = new MemorySource();
  const b = bench(
    script,
    {},
    { ...ports, onEvent: (event) => daemon.take(event), stillWanted: (work) => daemon.stillWanted(work) },
  );
  const io = { clock: b.clock, err: async (text: string) => void lines.push(JSON.parse(text)) };
  const log = makeLog(io as unknown as Io, 'debug', 'json', styleFor(false));
  const fleet = new Fleet([{ name: undefined, engine: b.engine }], () => undefined);
  const daemon: Daemon = new Daemon({
    source,
    fleet,
    journal: b.journal,
    state: b.state,
    clock: b.clock,
    log,
    hadGap,
    onRefresh: () => {},
  });
  return {
    ...b,
    fleet,
    daemon,
    source,
    lines,
    log,
    /** What the log says, at least as important as a warning, in words. */
    warned: () => lines.filter(({ level }) => level !== 'info' && level !== 'debug').map(({ msg }) => msg),
    /** Looks, and lets everything that follows from it happen. */
    async look(ms = 60_000) {
      daemon.hint();
      await b.clock.advance(ms);
    },
    condition(n: number | string) {
      const watched = daemon.watched.get(`rec-${n}`);
      return watched && `${watched.condition.type} ${watched.condition.reason}`;
    },
  };
}
