/*
 * JSON Schemas of the kinds of Kubernetes objects that the examples have, as far as these use them: a field that is not
 * here is refused, so that a slip of the pen is. Source: the API reference of Kubernetes 1.33 (v1, apps/v1, policy/v1).
 */

type Schema = Record<string, unknown>;

const text: Schema = { type: 'string', minLength: 1 };
const whole: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
/** A DNS label (RFC 1123). */
const name: Schema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
/** A port by its name (RFC 6335) or number. */
const port: Schema = {
  anyOf: [
    { type: 'string', pattern: '^[a-z0-9-]{1,15}$' },
    { type: 'integer', minimum: 1, maximum: 65535 },
  ],
};
const quantity: Schema = { type: 'string', pattern: '^\\d+(\\.\\d+)?(m|k|M|G|Ki|Mi|Gi)?$' };
const mapOf = (value: Schema): Schema => ({ type: 'object', additionalProperties: value });
const listOf = (items: Schema): Schema => ({ type: 'array', minItems: 1, items });

function object(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

/** A label's key, with or without a prefix, and its value of at most 63 characters. */
const labels: Schema = {
  type: 'object',
  propertyNames: { pattern: '^([a-z0-9.-]{1,253}/)?[A-Za-z0-9][-\\w.]{0,62}$' },
  additionalProperties: { type: 'string', pattern: '^([A-Za-z0-9][-\\w.]{0,61}[A-Za-z0-9]|[A-Za-z0-9]?)$' },
};
const metadata = object({ name }, { labels });
const selector = object({ matchLabels: labels });

function manifest(apiVersion: string, kind: string, rest: Record<string, Schema>): Schema {
  return object({ apiVersion: { const: apiVersion }, kind: { const: kind }, metadata, ...rest });
}

const probe = object(
  { httpGet: object({ path: { type: 'string', pattern: '^/' }, port }) },
  { periodSeconds: whole, failureThreshold: whole, timeoutSeconds: whole, initialDelaySeconds: whole },
);

const container = object(
  { name, image: text },
  {
    args: listOf(text),
    envFrom: listOf(object({ secretRef: object({ name }) })),
    ports: listOf(object({ containerPort: { type: 'integer', minimum: 1, maximum: 65535 } }, { name: port })),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    resources: object({}, { requests: mapOf(quantity), limits: mapOf(quantity) }),
    securityContext: object(
      {},
      {
        allowPrivilegeEscalation: flag,
        readOnlyRootFilesystem: flag,
        capabilities: object({}, { drop: listOf(text), add: listOf(text) }),
      },
    ),
    volumeMounts: listOf(
      object({ name, mountPath: { type: 'string', pattern: '^/[^:]*$' } }, { readOnly: flag }),
    ),
  },
);

const pod = object(
  { containers: listOf(container) },
  {
    automountServiceAccountToken: flag,
    terminationGracePeriodSeconds: whole,
    securityContext: object(
      {},
      {
        runAsNonRoot: flag,
        ...{ runAsUser: whole, runAsGroup: whole, fsGroup: whole },
        seccompProfile: object({ type: { enum: ['RuntimeDefault', 'Unconfined', 'Localhost'] } }),
      },
    ),
    volumes: listOf({
      ...object({ name }, { configMap: object({ name }), emptyDir: object({}, { medium: text }) }),
      minProperties: 2,
      maxProperties: 2,
    }),
  },
);

/** By kind. */
export const MANIFESTS: Readonly<Record<string, Schema>> = {
  ConfigMap: manifest('v1', 'ConfigMap', {
    data: { type: 'object', propertyNames: { pattern: '^[-._a-zA-Z0-9]+$' }, additionalProperties: text },
  }),
  Deployment: manifest('apps/v1', 'Deployment', {
    spec: object(
      { selector, template: object({ metadata: object({ labels }), spec: pod }) },
      {
        replicas: whole,
        strategy: object(
          { type: { enum: ['RollingUpdate', 'Recreate'] } },
          { rollingUpdate: object({}, { maxUnavailable: whole, maxSurge: whole }) },
        ),
      },
    ),
  }),
  Service: manifest('v1', 'Service', {
    spec: object({
      selector: labels,
      ports: listOf(
        object({ port: { type: 'integer', minimum: 1, maximum: 65535 } }, { name: port, targetPort: port }),
      ),
    }),
  }),
  PodDisruptionBudget: manifest('policy/v1', 'PodDisruptionBudget', {
    spec: object({ selector }, { minAvailable: whole }),
  }),
};
