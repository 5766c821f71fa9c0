/*
 * Makes dist/ of the source: `npm run build`. CommonJS in pieces, because Node 20 starts that 5 ms sooner than modules,
 * a tenth of what a small command takes; and a piece that a command does not use is not read at all.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';

const dist = join(import.meta.dirname, '../dist');
rmSync(dist, { recursive: true, force: true });
await build({
  input: ['cli.ts', 'main.ts', 'reader.ts'].map((entry) => join(import.meta.dirname, entry)),
  platform: 'node',
  // It brings a binary, which stays in its package.
  external: ['libsql'],
  transform: { target: 'node20.19' },
  plugins: [rawText(), withoutNative()],
  output: {
    dir: dist,
    format: 'cjs',
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: false,
    sourcemap: true,
  },
});

/** `name?raw` is the text of a file: what pages load is served from memory. */
function rawText() {
  const mark = '?raw';
  return {
    name: 'raw-text',
    resolveId: (source, importer) => (source.endsWith(mark) ? join(dirname(importer ?? ''), source) : null),
    load: (id) =>
      id.endsWith(mark)
        ? `export default ${JSON.stringify(readFileSync(id.slice(0, -mark.length), 'utf8'))};`
        : null,
  };
}

/** The database's library can go through a binary of its own, which is not used: without this it would be asked for. */
function withoutNative() {
  const name = '\0no-native';
  return {
    name: 'without-native',
    resolveId: (source) => (source === 'pg-native' ? name : null),
    load: (id) => (id === name ? 'module.exports = undefined;' : null),
  };
}

// What the folder above says of its modules does not hold for these.
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
chmodSync(join(dist, 'cli.js'), 0o755);
