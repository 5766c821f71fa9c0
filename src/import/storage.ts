import { ENDPOINT_VENDOR, SSE_VENDORS, STS_VENDORS, TAG_VENDORS, VENDORS } from '../agora/tables.ts';
import type { Converted } from './convert.ts';
import type { Section } from './section.ts';
import type { JsonObject } from './start-json.ts';
import { variableName } from './variable.ts';

/** Secret fields of `storageConfig`, and how the names of their variables end. */
const SECRETS = { accessKey: 'KEY', secretKey: 'SECRET', stsToken: 'STS_TOKEN' } as const;

/** `storageConfig` (Agora Cloud Recording REST, start): vendor and region by name, secrets as references. */
export function convertStorage(request: Section, converted: Converted): void {
  const { document, secrets, origins, variables } = converted;
  converted.block = 'storage';
  const config = request.section('storageConfig');
  if (!config) return;
  origins.set('/storage', config.path);
  const [number, regionNumber] = [config.number('vendor'), config.number('region')];
  const vendor = VENDORS.find((one) => one.number === number);
  const region = Object.entries(vendor?.regions ?? {}).find(([, one]) => one === regionNumber)?.[0];
  const storage: JsonObject = {
    ...(number === undefined ? {} : { vendor: vendor?.name ?? number }),
    ...(regionNumber === undefined ? {} : { region: region ?? regionNumber }),
    ...config.pick(['bucket']),
  };
  if (vendor && !STS_VENDORS.includes(vendor.number))
    for (const field of ['stsToken', 'stsExpiration']) config.leaveOut(field, `${vendor.title} takes none`);
  const prefix = variableName(vendor?.name.replace('Compatible', '_compatible') ?? 'storage');
  for (const [field, ending] of Object.entries(SECRETS)) {
    const value = field === 'stsToken' && config.filled(field) === undefined ? undefined : config.text(field);
    if (value === undefined) continue;
    const variable = variables.nameFor(`${prefix}_${ending}`, value);
    secrets.push({ variable, value, path: config.pathOf(field), block: 'storage' });
    storage[field] = { fromEnv: variable };
  }
  if (storage.stsToken === undefined) config.leaveOut('stsExpiration', 'counts only with stsToken');
  const { stsExpiration, fileNamePrefix } = {
    stsExpiration: config.isTaken('stsExpiration') ? undefined : config.number('stsExpiration'),
    fileNamePrefix: filledList(config, 'fileNamePrefix', 'it names no folder'),
  };
  Object.assign(storage, { stsExpiration, fileNamePrefix }, extension(config, vendor));
  for (const [field, value] of Object.entries(storage)) if (value === undefined) delete storage[field];
  config.finish();
  document.storage = storage;
}

/** A list with something in it; an empty one is left out and told. @param meaning what an empty one says */
export function filledList(section: Section, name: string, meaning: string): unknown {
  const value = section.list(name);
  if (!Array.isArray(value) || value.length > 0) return value;
  section.note(name, `left out, because it is empty: ${meaning}`);
  return undefined;
}

function extension(config: Section, vendor: { number: number; title: string } | undefined): JsonObject {
  const params = config.section('extensionParams');
  if (!params) return {};
  const takers = { sse: SSE_VENDORS, tag: TAG_VENDORS, endpoint: [ENDPOINT_VENDOR] };
  for (const [field, vendors] of Object.entries(takers))
    if (vendor && !vendors.includes(vendor.number)) params.leaveOut(field, `${vendor.title} takes none`);
  const kept: JsonObject = {};
  for (const field of Object.keys(takers)) {
    const value = params.isTaken(field) ? undefined : params.filled(field);
    if (value !== undefined) kept[field] = value;
  }
  params.finish();
  return Object.keys(kept).length > 0 ? { extensionParams: kept } : {};
}
