/*
 * What the service does wrong, by kind. Each rule's id is its kind, so that the journal of requests counts them.
 * Failovers are left out: one whose 404 a killed daemon never read has changed the recording behind its back, which
 * nothing can tell.
 */

/** The longest that a call takes effect after it was given up, in milliseconds. */
export const LATE_MS = Number(process.env.REELSTATE_SOAK_LATE_MS ?? 20_000);

/** What says nothing lasting of the call: it is to be repeated. */
const PASSING: Readonly<Record<string, string>> = {
  '206': '206',
  '206-applied': '206@applied',
  '429': '429',
  '429-after': '429@retryAfter=2',
  '500': '500',
  '502': '502@applied',
  '503': '503',
  '504': '504',
  code62: 'code62',
  '302': '302',
  '304': '302@status=304',
  '307': '302@status=307',
  'page-200': 'not-json@applied=false',
  'page-400': 'not-json@status=400',
  'page-403': 'not-json@status=403',
  'gateway-403': '503@status=403',
  'no-route': '404-route',
  'worker-404': '404-worker',
  'worker-404-payload': '404-worker-payload',
  'wrong-body': 'wrong-body',
  'empty-object': 'empty-object',
  'cut-before': 'cut-before',
  'cut-after': 'cut-after',
  'cut-mid-response': 'cut-mid-response',
  hang: 'hang',
  'hang-applied': 'hang@applied',
  'slow-body': 'slow-body@dripMs=200',
  latency: 'latency@100-1500',
  'late-504': `late@200-${LATE_MS}`,
  'late-cut': `cut-before@late=200-${LATE_MS}`,
  'late-hang': `hang@late=200-${LATE_MS}`,
};

/** The service's own verdicts: they stand until the file changes or somebody asks again. One quotes a secret. */
const VERDICTS: Readonly<Record<string, string>> = {
  '400': '400',
  '400-quoting': '400@reason=secretKey planted/Secret+Key=0123456789abcdef is refused',
  '400-appid': '400-appid',
  '401': '401',
  '432': '432',
  '433': '433',
};

const ONLY = process.env.REELSTATE_SOAK_FAULTS?.split(',');

function rules(kinds: Readonly<Record<string, string>>, rate: number): string[] {
  return Object.entries(kinds)
    .filter(([kind]) => !ONLY || ONLY.includes(kind))
    .map(([kind, rule]) => `${rule}${rule.includes('@') ? ',' : '@'}${rate},id=${kind}`);
}

/** One call in four meets something. */
export const passing = (): string[] => rules(PASSING, 0.009);

export const verdicts = (): string[] => rules(VERDICTS, 0.0015);

/** The last calls before everything is well again: most of them meet something, and nobody edits after them. */
export const last = (): string[] => {
  const isLate = ([kind]: [string, string]) => kind.startsWith('late-');
  const kinds = Object.entries(PASSING);
  return [
    ...rules(Object.fromEntries(kinds.filter(isLate)), 0.12),
    ...rules(Object.fromEntries(kinds.filter((each) => !isLate(each))), 0.02),
  ];
};
