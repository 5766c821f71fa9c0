import type { Diagnostic } from './diagnostic.ts';
import type { Commit } from './source.ts';

/*
 * The nouns of a recording. Three stages, three types:
 *   RecordingFile (schema.generated.ts)  what a person wrote: names or numbers, secrets as references
 *   DesiredRecording                     checked and normalised: the API's numbers, secrets sealed
 *   ClientRequests                       completed to the service's defaults: what is sent and remembered
 */

export type Mode = 'individual' | 'mix' | 'web';
export type Endpoint = 'update' | 'updateLayout';
export type BlockName = 'subscriptions' | 'layout' | 'onhold' | 'rtmp' | 'storage';

/** Which running recording. Another `sid` or `resourceId` is another recording. */
export interface Identity {
  appId: string;
  cname: string;
  /** A 32-bit unsigned integer as text, never "0". */
  uid: string;
  resourceId: string;
  sid: string;
  mode: Mode;
  /** What `start` was given: 0 audio only, 1 video only, 2 both. Only used to check the lists. */
  streamTypes?: 0 | 1 | 2;
}

/** What stands for a secret wherever one would be shown. */
export const SENSITIVE = '(sensitive)';

/**
 * A secret as everything but the sender sees it. The value itself lives in the vault of the run, found by its
 * fingerprint; plans, state, logs and errors hold only this.
 */
export interface Sealed {
  /**
   * "hmac-sha256:<hex>" under the key of the state directory: equal values have equal fingerprints.
   * null where the value is not at hand: an unresolved reference, or a command that runs only when sending.
   */
  sealed: string | null;
  /** Where the value comes from: "literal", "env:NAME", "file:PATH" or "command:PROGRAM". */
  reference: string;
  /** What people may see: "(sensitive)", or an RTMP URL with its stream key replaced. */
  shown: string;
}

/**
 * The wire form of streamSubscribe: at most one list a medium; a medium without its object is not recorded if the other
 * has one. The lists that are left out are spelt as the file has them, because the service ignores the wrong spelling.
 */
export interface Subscriptions {
  audioUidList?: {
    subscribeAudioUids?: string[];
    unSubscribeAudioUids?: string[];
    unsubscribeAudioUids?: string[];
  };
  videoUidList?: {
    subscribeVideoUids?: string[];
    unSubscribeVideoUids?: string[];
    unsubscribeVideoUids?: string[];
  };
}

/** Coordinates are fractions of the canvas with at most six decimals, the origin is the top left corner. */
export interface Region {
  uid?: string;
  x_axis: number;
  y_axis: number;
  width: number;
  height: number;
  alpha?: number;
  /** 0 crop, 1 fit */
  render_mode?: 0 | 1;
}

export interface RegionBackground {
  uid: string;
  image_url: string;
  render_mode?: 0 | 1;
}

/** The wire form of updateLayout's clientRequest. In a desired recording only what the file sets is present. */
export interface Layout {
  /** 0 floating, 1 best fit, 2 vertical, 3 custom */
  mixedVideoLayout?: 0 | 1 | 2 | 3;
  /** "#RRGGBB" in upper case */
  backgroundColor?: string;
  backgroundImage?: string;
  defaultUserBackgroundImage?: string;
  maxResolutionUid?: string;
  layoutConfig?: Region[];
  backgroundConfig?: RegionBackground[];
}

/** Who sits where in a layout that was written with seats. Only for people: the service knows none. */
export interface SeatNames {
  /** Seats by the UIDs of their users. */
  uids: Readonly<Record<string, string>>;
  /** What regions without a UID are called, by their positions in layoutConfig. */
  regions: Readonly<Record<number, string>>;
  /** What the large region is called where it has no UID. */
  large?: string;
}

/** Blocks that may take fields from a file. */
export type SharedBlock = Exclude<BlockName, 'onhold'>;

export interface Rtmp {
  outputs: { rtmpUrl: Sealed }[];
}

export interface Storage {
  vendor: number;
  region?: number;
  bucket: string;
  accessKey?: Sealed;
  secretKey?: Sealed;
  stsToken?: Sealed;
  /** Unix seconds */
  stsExpiration?: number;
  fileNamePrefix?: string[];
  extensionParams?: { sse?: 'kms' | 'aes256'; tag?: string; endpoint?: string };
  /**
   * Stands for accessKey, secretKey, stsToken and stsExpiration: the program is run when something is sent.
   * Sealed, because arguments may hold secrets: the value is the JSON of [program, argument…], the reference
   * "command:PROGRAM", shown the program's name.
   */
  credentials?: Sealed;
}

/**
 * The state blocks that a file sets, in the API's own field names, values normalised (numbers for names,
 * upper-case colours, six decimals, UIDs as text) and nothing completed: a field that the file leaves out is absent.
 */
export interface Blocks {
  subscriptions?: Subscriptions;
  layout?: Layout;
  onhold?: boolean;
  rtmp?: Rtmp;
  storage?: Storage;
  /** Of the layout, where it was written with seats. */
  seats?: SeatNames;
}

/** What a user chooses recordings by (`--select`): keys and values of 1 to 63 letters, digits, "-", "_" and ".". */
export type Labels = Readonly<Record<string, string>>;

/** The canvas in pixels, as `start` was given it. Only used to draw. */
export interface Canvas {
  width: number;
  height: number;
}

export interface DesiredRecording {
  name: string;
  /** As the user would type it, relative to the working directory where possible, with forward slashes. */
  file: string;
  /** Where the document starts in the file. */
  line: number;
  /** Absent while the file that `recording.fromFile` names does not exist: the recording is waiting for it. */
  identity?: Identity;
  /** The path that is waited for, as the user would type it. */
  waitingFor?: string;
  suspended: boolean;
  /** Absent where the document has none. Nothing that is sent depends on them. */
  labels?: Labels;
  /** Absent where the document does not say it. Nothing that is sent depends on it. */
  canvas?: Canvas;
  /** Where the file names the program that gives the storage credentials, or says when they expire. */
  credentialsAt?: Pick<Diagnostic, 'range' | 'source'>;
  /** The files that blocks take fields from, as the user would type them. */
  shares?: Partial<Record<SharedBlock, string>>;
  /** What the file sets. May read the file, so the result is kept where it is used more than once. */
  blocks: () => Blocks;
  /** ID of the bytes that the file held, where they alone determine all of this and the source tracks content by ID. */
  content?: string;
  /** References that could not be resolved here, at their place: severity "warning". Such a recording is held back by apply. */
  unresolved: readonly Diagnostic[];
}

/** clientRequest of `update`: complete for every managed block, secrets sealed. */
export interface UpdateRequest {
  streamSubscribe?: Subscriptions;
  webRecordingConfig?: { onhold: boolean };
  rtmpPublishConfig?: Rtmp;
  storageConfig?: Storage;
}

export interface ClientRequests {
  update: UpdateRequest;
  updateLayout: Layout;
}

/** The whole outcome of reading a set of files. */
export interface DesiredSet {
  recordings: DesiredRecording[];
  diagnostics: Diagnostic[];
  /**
   * Files with errors and folders that could not be read: known recordings from there are neither changed nor
   * forgotten. As the user would type them.
   */
  broken: string[];
  /** Number of recording files found, broken ones included. */
  files: number;
  /** The commit that the files are from; absent where they are from no commit. */
  commit?: Commit;
}
