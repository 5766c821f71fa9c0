import type { Clock } from '../model/ports.ts';
import { type Answer, badRequest, mismatch, resourceExpired, succeeded, workerNotFound } from './answer.ts';
import {
  filledText,
  flag,
  type JsonObject,
  list,
  object,
  optional,
  ownUid,
  Refused,
  required,
  text,
  whole,
} from './fields.ts';
import { readLayout } from './layout.ts';
import { seededHex } from './random.ts';
import {
  idsOf,
  newRecording,
  queryResponse,
  type Recording,
  type RunningRecording,
  stopResponse,
  untouched,
} from './recording.ts';
import type { Route } from './route.ts';
import { readOutputs } from './rtmp.ts';
import { readStart } from './start.ts';
import { readStorage } from './storage.ts';
import { readStreamSubscribe, type UnsubscribeSpelling } from './subscriptions.ts';

interface Resource {
  appId: string;
  cname: string;
  uid: string;
  /** REST, acquire: 1 for web page recording. */
  scene: number;
  /** Monotonic, milliseconds. */
  acquiredAt: number;
  used: boolean;
}

interface Envelope {
  cname: string;
  uid: string;
  clientRequest: unknown;
}

/** REST, acquire: a resource ID is valid for five minutes. */
const RESOURCE_MS = 5 * 60_000;
const WEB_SCENE = 1;

function envelope(body: unknown): Envelope {
  const read = object(body, 'body', ['cname', 'uid', 'clientRequest']);
  return {
    cname: required(read, 'cname', 'body', filledText),
    uid: required(read, 'uid', 'body', ownUid),
    clientRequest: required(read, 'clientRequest', 'body', (it, at) => object(it, at)),
  };
}

/** The recording service itself: which recordings there are and what the calls of the API do to them. */
export class RecordingService {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #spelling: UnsubscribeSpelling;
  readonly #resources = new Map<string, Resource>();
  readonly #recordings = new Map<string, Recording>();
  #issued = 0;

  constructor(clock: Clock, seed: number, spelling: UnsubscribeSpelling) {
    this.#clock = clock;
    this.#seed = seed;
    this.#spelling = spelling;
  }

  /** Every recording there is or was, in the order in which they came. */
  recordings(): Recording[] {
    return [...this.#recordings.values()];
  }

  find(sid: string | undefined): Recording | undefined {
    return sid === undefined ? undefined : this.#recordings.get(sid);
  }

  /** Makes a recording exist as if it had been started; false where that sid is or was there already. */
  add(identity: RunningRecording): boolean {
    if (this.#recordings.has(identity.sid)) return false;
    this.#recordings.set(identity.sid, newRecording(identity, untouched(), this.#clock.now()));
    return true;
  }

  /** Whether a recording runs under that sid, be it between two servers. */
  runs(sid: string | undefined): boolean {
    const recording = this.find(sid);
    return recording !== undefined && recording.endedAt === undefined;
  }

  /** Ends a recording; false where none runs under that sid. */
  end(sid: string): boolean {
    const recording = this.#recordings.get(sid);
    if (!recording || !this.runs(sid)) return false;
    recording.endedAt = this.#clock.now();
    return true;
  }

  /**
   * The recording's server fails: for `forMs` milliseconds no server has it, then one that knows only what start
   * asked for. False where no such recording runs.
   */
  failOver(sid: string, forMs: number): boolean {
    const recording = this.#recordings.get(sid);
    if (!recording || !this.runs(sid)) return false;
    recording.state = structuredClone(recording.atStart);
    recording.awayUntil = this.#clock.monotonic() + forMs;
    return true;
  }

  /** Carries a call out and says what the service answers. `body` is the parsed JSON, undefined for query. */
  call(route: Route, body: unknown): Answer {
    try {
      if (route.endpoint === 'acquire') return this.#acquire(route, body);
      if (route.endpoint === 'start') return this.#start(route, body);
      return this.#running(route, body);
    } catch (problem) {
      if (problem instanceof Refused)
        return badRequest(`${route.endpoint}: ${problem.message}`, problem.code);
      throw problem;
    }
  }

  #nextId(kind: string, digits: number): string {
    this.#issued += 1;
    return seededHex(this.#seed, `${kind}/${this.#issued}`, digits);
  }

  #acquire(route: Route, body: unknown): Answer {
    const { cname, uid: user, clientRequest } = envelope(body);
    const at = 'body.clientRequest';
    const known = [
      'scene',
      'resourceExpiredHour',
      'excludeResourceIds',
      'regionAffinity',
      'region',
      'startParameter',
    ];
    const request = object(clientRequest, at, known);
    // REST, acquire: scene 0 to 2, resourceExpiredHour 1 to 720, regionAffinity 0 to 4.
    const scene = optional(request, 'scene', at, (it, where) => whole(it, where, 0, 2)) ?? 0;
    optional(request, 'resourceExpiredHour', at, (it, where) => whole(it, where, 1, 720));
    optional(request, 'regionAffinity', at, (it, where) => whole(it, where, 0, 4));
    optional(request, 'excludeResourceIds', at, (it, where) => list(it, where, 0, 64, text));
    optional(request, 'startParameter', at, (it, where) => object(it, where));
    const resourceId = this.#nextId('resource', 96);
    const acquiredAt = this.#clock.monotonic();
    this.#resources.set(resourceId, { appId: route.appId, cname, uid: user, scene, acquiredAt, used: false });
    return { status: 200, body: { cname, uid: user, resourceId } };
  }

  #start(route: Route, body: unknown): Answer {
    const { cname, uid: user, clientRequest } = envelope(body);
    const mode = route.mode ?? 'mix';
    const resource = this.#resources.get(route.resourceId ?? '');
    if (!resource) return mismatch('the resource ID is not known');
    if (resource.appId !== route.appId || resource.cname !== cname || resource.uid !== user) {
      return mismatch('App ID, cname or uid does not match the resource ID');
    }
    if (resource.used) return badRequest('the recording is already running', 7);
    if (this.#clock.monotonic() - resource.acquiredAt > RESOURCE_MS) return resourceExpired();
    if ((mode === 'web') !== (resource.scene === WEB_SCENE)) {
      throw new Refused(`mode ${mode} does not fit scene ${resource.scene} of acquire`);
    }
    const now = this.#clock.now();
    const started = readStart(clientRequest, 'body.clientRequest', mode, now / 1000, this.#spelling);
    resource.used = true;
    const sid = this.#nextId('sid', 32);
    const identity: RunningRecording = {
      appId: route.appId,
      cname,
      uid: user,
      resourceId: route.resourceId ?? '',
      sid,
      mode,
      ...(started.streamTypes !== undefined && { streamTypes: started.streamTypes }),
    };
    const recording = newRecording(identity, started.state, now, started.fileTypes);
    this.#recordings.set(sid, recording);
    return succeeded(idsOf(recording));
  }

  #running(route: Route, body: unknown): Answer {
    const recording = this.find(route.sid);
    const away = recording !== undefined && this.#clock.monotonic() < recording.awayUntil;
    if (
      !recording ||
      recording.endedAt !== undefined ||
      away ||
      recording.identity.resourceId !== route.resourceId
    ) {
      return workerNotFound({ resourceId: route.resourceId ?? '', sid: route.sid ?? '' });
    }
    if (recording.identity.appId !== route.appId) return mismatch('App ID does not match the resource ID');
    if (recording.identity.mode !== route.mode) {
      throw new Refused(`the recording's mode is ${recording.identity.mode}`);
    }
    if (route.endpoint === 'query') {
      recording.counts.query += 1;
      return succeeded(idsOf(recording), { serverResponse: queryResponse(recording) });
    }
    const { cname, uid: user, clientRequest } = envelope(body);
    if (recording.identity.cname !== cname || recording.identity.uid !== user) {
      return mismatch('cname or uid does not match the resource ID');
    }
    const request = object(clientRequest, 'body.clientRequest');
    if (route.endpoint === 'stop') return this.#stop(recording, request);
    if (route.endpoint === 'update') this.#update(recording, request);
    else this.#updateLayout(recording, request);
    return succeeded(idsOf(recording));
  }

  #stop(recording: Recording, request: JsonObject): Answer {
    const at = 'body.clientRequest';
    object(request, at, ['async_stop']);
    optional(request, 'async_stop', at, flag);
    recording.counts.stop += 1;
    recording.endedAt = this.#clock.now();
    return succeeded(idsOf(recording), { serverResponse: stopResponse(recording) });
  }

  /** REST, update: overrides each section that is present, and only those. Checked whole before anything changes. */
  #update(recording: Recording, request: JsonObject): void {
    const at = 'body.clientRequest';
    const known = ['streamSubscribe', 'webRecordingConfig', 'rtmpPublishConfig', 'storageConfig'];
    object(request, at, known);
    const { mode, streamTypes } = recording.identity;
    for (const section of mode === 'web'
      ? ['streamSubscribe']
      : ['webRecordingConfig', 'rtmpPublishConfig']) {
      if (Object.hasOwn(request, section)) throw new Refused(`${at}.${section} is not for mode ${mode}`);
    }
    const subscriptions = optional(request, 'streamSubscribe', at, (it, where) =>
      readStreamSubscribe(it, where, streamTypes, this.#spelling),
    );
    const onhold = optional(request, 'webRecordingConfig', at, (it, where) => {
      return optional(object(it, where, ['onhold']), 'onhold', where, flag) ?? false;
    });
    const rtmp = optional(request, 'rtmpPublishConfig', at, (it, where) => {
      return { outputs: required(object(it, where, ['outputs']), 'outputs', where, readOutputs) };
    });
    const nowSeconds = this.#clock.now() / 1000;
    const storage = optional(request, 'storageConfig', at, (it, where) => readStorage(it, where, nowSeconds));
    if (subscriptions !== undefined) recording.state.subscriptions = subscriptions;
    if (onhold !== undefined) recording.state.onhold = onhold;
    if (rtmp !== undefined) recording.state.rtmp = rtmp;
    if (storage !== undefined) recording.state.storage = storage;
    recording.counts.update += 1;
    recording.lastUpdate.update = this.#clock.now();
  }

  #updateLayout(recording: Recording, request: JsonObject): void {
    if (recording.identity.mode !== 'mix') {
      throw new Refused(`updateLayout is not for mode ${recording.identity.mode}`);
    }
    recording.state.layout = readLayout(request, 'body.clientRequest');
    recording.counts.updateLayout += 1;
    recording.lastUpdate.updateLayout = this.#clock.now();
  }
}
