import type { Identity } from '../model/recording.ts';
import type { Ids } from './answer.ts';
import { defaultLayout, type ShownLayout } from './layout.ts';
import type { StoredConfig } from './storage.ts';
import type { Subscribed } from './subscriptions.ts';

/** A recording that exists from the start of the simulator or is added while it runs. */
export interface RunningRecording extends Identity {
  /** What people call it; only for matching faults and for reading lists. */
  name?: string;
}

/** What calls change and a failover forgets. */
export interface RecordingState {
  /** null: every stream of the channel */
  subscriptions: Subscribed | null;
  layout: ShownLayout;
  onhold: boolean;
  rtmp: { outputs: { rtmpUrl: string }[] } | null;
  storage: StoredConfig | null;
}

export type CallName = 'query' | 'update' | 'updateLayout' | 'stop';

/** One recording as the service knows it. */
export interface Recording {
  identity: RunningRecording;
  /** What `start` asked for: the state that a server which takes the recording over begins with. */
  atStart: RecordingState;
  state: RecordingState;
  /** recordingFileConfig.avFileType of start. */
  fileTypes: string[];
  /** Wall clock, milliseconds. */
  startedAt: number;
  endedAt?: number;
  /** Until this time of the monotonic clock, in milliseconds, no server has the recording. */
  awayUntil: number;
  /** How many calls took effect, by endpoint. */
  counts: Record<CallName, number>;
  /** When a call last took effect, wall clock in milliseconds. */
  lastUpdate: { update: number | null; updateLayout: number | null };
}

/** A state in which nothing was asked for. */
export function untouched(): RecordingState {
  return { subscriptions: null, layout: defaultLayout(), onhold: false, rtmp: null, storage: null };
}

/** @param startedAt wall clock, milliseconds */
export function newRecording(
  identity: RunningRecording,
  atStart: RecordingState,
  startedAt: number,
  fileTypes: string[] = ['hls'],
): Recording {
  return {
    identity,
    atStart,
    state: structuredClone(atStart),
    fileTypes,
    startedAt,
    awayUntil: Number.NEGATIVE_INFINITY,
    counts: { query: 0, update: 0, updateLayout: 0, stop: 0 },
    lastUpdate: { update: null, updateLayout: null },
  };
}

export function idsOf(recording: Recording): Ids {
  const { cname, uid, resourceId, sid } = recording.identity;
  return { cname, uid, resourceId, sid };
}

/** The files of an individual or composite recording: a string for HLS alone in mix, else a list (REST, query: fileList). */
function fileList(recording: Recording): unknown {
  const { cname, sid, mode, uid } = recording.identity;
  if (mode === 'mix' && !recording.fileTypes.includes('mp4')) return `${sid}_${cname}.m3u8`;
  return recording.fileTypes.map((type) => ({
    fileName: `${sid}_${cname}${type === 'mp4' ? '_0.mp4' : '.m3u8'}`,
    trackType: 'audio_and_video',
    uid: mode === 'mix' ? '0' : uid,
    mixedAllUser: mode === 'mix',
    isPlayable: true,
    sliceStartTime: recording.startedAt,
  }));
}

/** REST, query: outputs[].status is onhold while the recording is paused. */
function webServices(recording: Recording): unknown[] {
  const { onhold, rtmp } = recording.state;
  const files = recording.fileTypes.map((type) => ({
    filename: `${recording.identity.sid}_${recording.identity.cname}.${type === 'mp4' ? 'mp4' : 'm3u8'}`,
    sliceStartTime: recording.startedAt,
  }));
  const services: unknown[] = [
    { serviceName: 'web_recorder_service', payload: { fileList: files, onhold, state: 'inProgress' } },
  ];
  if (rtmp) {
    const status = onhold ? 'onhold' : 'publishing';
    const outputs = rtmp.outputs.map(({ rtmpUrl }) => ({ rtmpUrl, status }));
    services.push({ serviceName: 'rtmp_publish_service', payload: { state: 'inProgress', outputs } });
  }
  return services;
}

/** `serverResponse` of query: status 5, in progress, and what the mode can show. */
export function queryResponse(recording: Recording): Record<string, unknown> {
  if (recording.identity.mode === 'web') {
    return { status: 5, extensionServiceState: webServices(recording) };
  }
  const files = fileList(recording);
  return {
    status: 5,
    fileListMode: typeof files === 'string' ? 'string' : 'json',
    fileList: files,
    sliceStartTime: recording.startedAt,
  };
}

/** `serverResponse` of stop. */
export function stopResponse(recording: Recording): Record<string, unknown> {
  if (recording.identity.mode === 'web') return { extensionServiceState: webServices(recording) };
  const files = fileList(recording);
  return {
    fileListMode: typeof files === 'string' ? 'string' : 'json',
    fileList: files,
    uploadingStatus: 'uploaded',
  };
}
