import { ENDPOINT_VENDOR, SSE_VENDORS, STS_VENDORS, TAG_VENDORS, VENDORS } from '../agora/tables.ts';
import type { Converted } from './convert.ts';
import type { Section } from './section.ts';
import type { JsonObject } from './start-json.ts';
import { variableName } from './variable.ts';

/** Secret fields of `storageConfig`, and how the names of their variables end. */
const SECRETS = { accessKey: 'KEY', secretKey: 'SECRET', stsToken: 'STS_TOKEN' } as const;

/** `storageConfig` (Agora Cloud Recording REST, start): vendor and region by name, secrets as references. */
export function convertStorage(request: Section, { document, secrets, origins }: Converted): void {
  const config = request.section('storageConfig');
  if (!config) return;
  origins.set('/storage', config.path);
  const { vendor: number, region: regionNumber, ...rest } = config.pick(['vendor', 'region', 'bucket']);
  const vendor = VENDORS.find((one) => one.number === number);
  const region = Object.entries(vendor?.regions ?? {}).find(([, one]) => one === regionNumber)?.[0];
  const storage: JsonObject = {
    ...(number === undefined ? {} : { vendor: vendor?.name ?? number }),
    ...(regionNumber === undefined ? {} : { region: region ?? regionNumber }),
    ...rest,
  };
  if (vendor && !STS_VENDORS.includes(vendor.number))
    for (const field of ['stsToken', 'stsExpiration']) config.leaveOut(field, `${vendor.title} takes none`);
  const prefix = variableName(vendor?.name.replace('Compatible', '_compatible') ?? 'storage');
  for (const [field, ending] of Object.entries(SECRETS)) {
    const value = config.text(field);
    if (value === undefined) continue;
    const variable = `${prefix}_${ending}`;
    secrets.push({ variable, value, path: config.pathOf(field) });
    storage[field] = { fromEnv: variable };
  }
  Object.assign(storage, config.pick(['stsExpiration', 'fileNamePrefix']), extension(config, vendor));
  config.finish();
  document.storage = storage;
}

function extension(config: Section, vendor: { number: number; title: string } | undefined): JsonObject {
  const params = config.section('extensionParams');
  if (!params) return {};
  const takers = { sse: SSE_VENDORS, tag: TAG_VENDORS, endpoint: [ENDPOINT_VENDOR] };
  for (const [field, vendors] of Object.entries(takers))
    if (vendor && !vendors.includes(vendor.number)) params.leaveOut(field, `${vendor.title} takes none`);
  const kept = params.pick(Object.keys(takers).filter((field) => !params.isTaken(field)));
  params.finish();
  return Object.keys(kept).length > 0 ? { extensionParams: kept } : {};
}
