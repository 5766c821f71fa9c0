import { sid } from '../../support/cli.ts';

/*
 * What the writers write: documents that carry a version number in every block, so that a request tells which version
 * of its document it was made of, and whether it was made of that one alone.
 */

export interface Doc {
  name: string;
  mode: 'mix' | 'web';
  hasStorage: boolean;
}

/** One version of a document; numbers only grow, over all documents. */
export interface Version {
  v: number;
  suspended: boolean;
}

/** Where each document begins; files move, documents keep their names. */
export const FILES: readonly { path: string; docs: readonly Doc[] }[] = [
  { path: 'm0.yaml', docs: [mix('m0')] },
  { path: 'm1.yaml', docs: [mix('m1')] },
  { path: 'm2.yml', docs: [mix('m2')] },
  { path: 'stored.yaml', docs: [mix('s0', true)] },
  { path: 'web.yaml', docs: [{ name: 'w0', mode: 'web', hasStorage: true }] },
  { path: 'many.yaml', docs: [mix('m3'), mix('m4'), mix('s1', true)] },
  { path: 'east/m5.yaml', docs: [mix('m5')] },
  { path: 'east/s2.yaml', docs: [mix('s2', true)] },
];

export const DOCS: ReadonlyMap<string, Doc> = new Map(
  FILES.flatMap(({ docs }) => docs.map((doc) => [sid(doc.name), doc] as const)),
);

function mix(name: string, hasStorage = false): Doc {
  return { name, mode: 'mix', hasStorage };
}

/** What must never be seen outside of a request: the variables that files refer to, and the credentials. */
export const SECRETS: Readonly<Record<string, string>> = {
  S3_ACCESS: 'AKIAPLANTEDCHAOS01',
  S3_SECRET: 'planted/Secret+Key=0123456789abcdef',
  CDN_URL: 'rtmp://cdn.example.com/live/planted-stream-key-5d1f',
  AGORA_CUSTOMER_SECRET: 'planted-customer-secret-7f3a',
  REELSTATE_HOOK_SECRET: 'planted-hook-secret-91bc',
};

/** Texts by which a secret would be recognised wherever it leaks. */
export const TRACES: readonly string[] = [
  ...Object.values(SECRETS).map((value) => value.replace(/^rtmp:.*\//, '')),
  Buffer.from(`customer:${SECRETS.AGORA_CUSTOMER_SECRET}`).toString('base64'),
];

const decimal = (base: number, v: number) => (base + (v % 10_000) / 1e6).toFixed(6);
const color = (v: number) => `#${v.toString(16).padStart(6, '0').toUpperCase()}`;
const REGIONS = [0, 1, 2];

/** A document's text; several of them are joined by `---`. */
export function textOf(doc: Doc, { v, suspended }: Version): string {
  const { name, mode, hasStorage } = doc;
  const head = `# ${'-'.repeat(v % 200)}
name: ${name}
recording:
  appId: 0f1e2d3c4b5a69788796a5b4c3d2e1f0
  cname: channel-${name}
  uid: "527841"
  resourceId: resource-${name}
  sid: ${sid(name)}
  mode: ${mode}
${suspended ? 'suspend: true\n' : ''}`;
  const storage = `storage:
  vendor: s3
  region: 0
  bucket: chaos
  accessKey: { fromEnv: S3_ACCESS }
  secretKey: { fromEnv: S3_SECRET }
  fileNamePrefix: [v${v}]
`;
  if (mode === 'web')
    return `${head}onhold: ${v % 2 === 0}
rtmp:
  outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }]
${storage}`;
  const regions = REGIONS.map(
    (n) => `    - uid: "${100 + n}"
      x_axis: ${decimal(n * 0.3, v)}
      y_axis: ${decimal(0.1, v)}
      width: ${decimal(0.2, v)}
      height: ${decimal(0.5, v)}
`,
  );
  return `${head}subscriptions:
  audioUidList:
    subscribeAudioUids: ["${v}", "4000000001"]
  videoUidList:
    subscribeVideoUids:
      - "${v}"
      - "4000000002"
layout:
  mixedVideoLayout: custom
  backgroundColor: "${color(v)}"
  layoutConfig:
${regions.join('')}${hasStorage ? storage : ''}`;
}

type Endpoint = 'update' | 'updateLayout';

/** The `clientRequest` that a version means for each endpoint, worked out without the program's help. */
export function requestOf(doc: Doc, endpoint: Endpoint, v: number): Record<string, unknown> | undefined {
  const { S3_ACCESS: accessKey, S3_SECRET: secretKey, CDN_URL: rtmpUrl } = SECRETS;
  const storageConfig = {
    vendor: 1,
    region: 0,
    bucket: 'chaos',
    accessKey,
    secretKey,
    fileNamePrefix: [`v${v}`],
  };
  const storage = doc.hasStorage ? { storageConfig } : {};
  if (doc.mode === 'web')
    return endpoint === 'update'
      ? {
          webRecordingConfig: { onhold: v % 2 === 0 },
          rtmpPublishConfig: { outputs: [{ rtmpUrl }] },
          ...storage,
        }
      : undefined;
  if (endpoint === 'update')
    return {
      streamSubscribe: {
        audioUidList: { subscribeAudioUids: [String(v), '4000000001'] },
        videoUidList: { subscribeVideoUids: [String(v), '4000000002'] },
      },
      ...storage,
    };
  const layoutConfig = REGIONS.map((n) => ({
    uid: String(100 + n),
    x_axis: Number(decimal(n * 0.3, v)),
    y_axis: Number(decimal(0.1, v)),
    width: Number(decimal(0.2, v)),
    height: Number(decimal(0.5, v)),
    alpha: 1,
    render_mode: 0,
  }));
  return { mixedVideoLayout: 3, backgroundColor: color(v), layoutConfig };
}

/** Which version a request says that it is made of; undefined where it does not say. */
export function versionOf(doc: Doc, endpoint: string, clientRequest: unknown): number | undefined {
  const request = clientRequest as {
    backgroundColor?: string;
    streamSubscribe?: { videoUidList?: { subscribeVideoUids?: string[] } };
    storageConfig?: { fileNamePrefix?: string[] };
  };
  const text =
    endpoint === 'updateLayout'
      ? request.backgroundColor?.replace('#', '0x')
      : doc.mode === 'web'
        ? request.storageConfig?.fileNamePrefix?.[0]?.slice(1)
        : request.streamSubscribe?.videoUidList?.subscribeVideoUids?.[0];
  const v = Number(text);
  return text === undefined || !Number.isSafeInteger(v) ? undefined : v;
}

/** What the service shows of a recording, in the form of {@link requestOf}. */
export function inForce(doc: Doc, shown: Record<string, unknown>, endpoint: Endpoint): unknown {
  if (endpoint === 'updateLayout') return shown.layout;
  const storage = doc.hasStorage ? { storageConfig: shown.storage } : {};
  return doc.mode === 'web'
    ? { webRecordingConfig: { onhold: shown.onhold }, rtmpPublishConfig: shown.rtmp, ...storage }
    : { streamSubscribe: shown.subscriptions, ...storage };
}
