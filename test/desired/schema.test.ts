import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { describe, expect, test } from 'vitest';
import {
  MAX_LIST_UIDS,
  MAX_REGIONS,
  MIXED_VIDEO_LAYOUTS,
  MODES,
  RENDER_MODES,
  VENDORS,
} from '../../src/agora/tables.ts';
import { loadRecordings } from '../../src/desired/load.ts';
import { Vault } from '../../src/secrets/vault.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'schemas/recording.schema.json'), 'utf8'));

function generate(root: string, ...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'schemas/generate.js'), ...args], { encoding: 'utf8' });
}

describe('generated files', () => {
  test('are up to date', () => {
    expect(generate(ROOT, '--check')).toMatchObject({ status: 0, stderr: '' });
  });

  test('are noticed when they are not, and written anew', () => {
    const copy = mkdtempSync(join(tmpdir(), 'reelstate-schema-'));
    try {
      for (const file of ['package.json', 'schemas', 'src/desired'])
        cpSync(join(ROOT, file), join(copy, file), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
      const types = join(copy, 'src/desired/schema.generated.ts');
      const before = readFileSync(types, 'utf8');
      writeFileSync(types, before.replace('suspend', 'pause'));
      expect(generate(copy, '--check').status).toBe(1);
      expect(readFileSync(types, 'utf8')).toContain('pause');
      const schema = structuredClone(SCHEMA);
      schema.properties.colour = { description: 'A new field.', type: 'string' };
      writeFileSync(join(copy, 'schemas/recording.schema.json'), JSON.stringify(schema));
      expect(generate(copy, '--check').status).toBe(1);
      expect(generate(copy).status).toBe(0);
      expect(generate(copy, '--check').status).toBe(0);
      expect(readFileSync(types, 'utf8')).toContain('colour?: string');
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  test('can be bundled as a module without anything of ajv', async () => {
    const bundle = async (input: string) => {
      const { output } = await build({
        input: join(ROOT, input),
        platform: 'node',
        external: 'yaml',
        write: false,
      });
      return output[0];
    };
    expect((await bundle('src/desired/validator.generated.js')).moduleIds).toHaveLength(1);
    expect((await bundle('src/desired/read.ts')).code).not.toContain('ajv/dist');
  });
});

describe('the schema', () => {
  test('describes every field', () => {
    const bare: string[] = [];
    const walk = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      for (const [name, field] of Object.entries((node as { properties?: object }).properties ?? {}))
        if (
          typeof (field as { description?: string }).description !== 'string' &&
          !(field as { $ref?: string }).$ref
        )
          bare.push(`${path}/${name}`);
      for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`);
    };
    walk(SCHEMA, '');
    for (const [name, definition] of Object.entries(
      SCHEMA.definitions as Record<string, { description?: string }>,
    ))
      if (!definition.description) bare.push(name);
    expect(bare).toEqual([]);
  });

  test('says the same as the tables', () => {
    const { identity, layout, renderMode, uidList, unsubscribeList, storage } = SCHEMA.definitions;
    expect(identity.properties.mode.enum).toEqual(MODES);
    expect(layout.properties.mixedVideoLayout.enum).toEqual([
      ...Object.keys(MIXED_VIDEO_LAYOUTS),
      ...Object.values(MIXED_VIDEO_LAYOUTS),
    ]);
    expect(renderMode.enum).toEqual([...Object.keys(RENDER_MODES), ...Object.values(RENDER_MODES)]);
    expect([uidList.maxItems, unsubscribeList.maxItems]).toEqual([MAX_LIST_UIDS, MAX_LIST_UIDS]);
    expect(layout.properties.layoutConfig.maxItems).toBe(MAX_REGIONS);
    expect(storage.properties.vendor.examples).toEqual(VENDORS.map(({ name }) => name));
  });
});

test('the examples are without a fault, for every mode', async () => {
  const env = { S3_KEY: 'key', S3_SECRET: 'secret', CDN_URL: 'rtmp://cdn.example.com/live/key' };
  const set = await loadRecordings({
    dir: 'recordings',
    cwd: ROOT,
    env,
    vault: new Vault(new Uint8Array(32)),
    now: 0,
  });
  expect([set.diagnostics, set.recordings.flatMap(({ unresolved }) => unresolved)]).toEqual([[], []]);
  expect(new Set(set.recordings.map(({ identity }) => identity?.mode))).toEqual(new Set(MODES));
  const layouts = set.recordings.map(({ blocks }) => blocks().layout?.mixedVideoLayout);
  expect(layouts).toEqual(expect.arrayContaining([MIXED_VIDEO_LAYOUTS.vertical, MIXED_VIDEO_LAYOUTS.custom]));
  for (const { file } of set.recordings)
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/schemas\/recording\.schema\.json\n/,
    );
});
