/*
 * Makes dist/ of the source: `npm run build`. CommonJS in pieces, because Node 20 starts that 5 ms sooner than modules,
 * a tenth of what a small command takes; and a piece that a command does not use is not read at all. Minified, because
 * the package would be 2.3 MB; `node src/build.js --maps` writes source maps beside it, which read the stack of a report.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { plainYaml } from './build-yaml.js';

const src = import.meta.dirname;
const dist = join(src, '../dist');
// npm calls it after each install in a checkout (`dependencies`), so also after one that takes the tools away: then what
// is built stays.
if (process.argv.includes('--after-install') && !existsSync(join(src, '../node_modules/rolldown')))
  process.exit(0);
const { build } = await import('rolldown');
const IN_EVERY_PLAN = /src[\\/](main|process-io|commands[\\/]plan)\.ts$/;
rmSync(dist, { recursive: true, force: true });
const { output } = await build({
  input: ['cli.ts', 'main.ts', 'reader.ts', 'library.ts', 'schema.ts'].map((entry) => join(src, entry)),
  platform: 'node',
  // Set for the work on libsql itself, that variable would have its binary looked for in dist/.
  transform: { target: 'node20.19', define: { 'process.env.LIBSQL_JS_DEV': 'undefined' } },
  // A command that is called first loads what every plan needs; nothing but its own source knows that it is in one piece.
  checks: { ineffectiveDynamicImport: false },
  plugins: [rawText(), withoutUnused(), schemasBeside(), yamlAsBuilt()],
  output: {
    dir: dist,
    format: 'cjs',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // All that every plan needs is one piece: to find and read a piece takes a fifth of a millisecond, and there were sixty.
    // But the version stays apart: a Node.js that is too old for the rest has to read it, to be told so.
    codeSplitting: {
      groups: [
        { name: 'version', test: /src[\\/]version\.ts$/, includeDependenciesRecursively: true, priority: 1 },
        { name: 'plan', test: IN_EVERY_PLAN, includeDependenciesRecursively: true },
      ],
    },
    comments: false,
    minify: true,
    sourcemap: process.argv.includes('--maps'),
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

/** What libraries ask for and no call here reaches: it would be a tenth of the package. */
function withoutUnused() {
  const empty = 'module.exports = {};';
  const unused = {
    // pg, where NODE_PG_FORCE_NATIVE is set, as it may be for other programs: it goes on without a binary
    './native': "module.exports = require('pg/lib/client');",
    // got, where `http2`, `cache` or `dnsCache` is set
    'http2-wrapper': empty,
    'cacheable-request': 'export default class {}\nexport class CacheError extends Error {}',
    'cacheable-lookup': empty,
    // prom-client, where metrics have exemplars
    '@opentelemetry/api': empty,
    // commander, where a command is a program of its own
    'node:child_process': empty,
    // detect-libc, where neither a file of the C library nor Node says which one it is
    child_process: empty,
    // pino, where another thread writes
    'thread-stream': empty,
    // libsql, which asks for a report on the whole process, 5 ms, to tell glibc from musl. It looks itself, too, and puts
    // glibc in the place of what is said here.
    '@neon-rs/load': `const { arch, platform } = process;
      const ends = { linux: arch === 'arm' ? '-gnueabihf' : '-musl', win32: '-msvc' };
      exports.currentTarget = () => platform + '-' + arch + (ends[platform] ?? '');`,
  };
  const mark = '\0unused:';
  return {
    name: 'without-unused',
    resolveId: (source, importer = '') =>
      Object.hasOwn(unused, source) && importer.includes(`${sep}node_modules${sep}`)
        ? `${mark}${source}`
        : null,
    load: (id) => (id.startsWith(mark) ? unused[id.slice(mark.length)] : null),
  };
}

/** The schemas are in the package beside `dist/`: they are read from there. */
function schemasBeside() {
  return {
    name: 'schemas-beside',
    resolveId: (source, importer) =>
      source.endsWith('.schema.json')
        ? { id: join(dirname(importer ?? ''), source), external: 'relative' }
        : null,
  };
}

/** The YAML library, as build-yaml.js has it. */
function yamlAsBuilt() {
  return {
    name: 'yaml-as-built',
    transform: (code, id) =>
      id.includes(`${sep}node_modules${sep}yaml${sep}`) ? { code: plainYaml(code, id), map: null } : null,
  };
}

/** The licences of all that is bundled, each text once, with the packages that it is of. */
function licences() {
  const mark = `${sep}node_modules${sep}`;
  const folders = output
    .flatMap((piece) => piece.moduleIds ?? [])
    .filter((id) => id.includes(mark))
    .map((id) => {
      const at = id.lastIndexOf(mark) + mark.length;
      const parts = id.slice(at).split(sep);
      return id.slice(0, at) + parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join(sep);
    });
  const texts = new Map();
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!license && !file) throw new Error(`${name} says no licence: what is bundled must have one`);
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Licence: ${license}`;
    // Whose it is stands with the package, so that one text serves for all that say the same.
    // Terms, too, have lines that begin so: "copyright notice and this permission notice", "(c) You must retain".
    const isOwner = (line) =>
      /^\s*(copyright (\(c\)|\u00a9)|(copyright|\(c\)) .*\b(19|20)\d\d\b)/i.test(line);
    const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
    // How to apply a licence to one's own work is no part of it.
    const end = lines.findIndex((line) => /^\s*END OF TERMS AND CONDITIONS/.test(line)) + 1 || lines.length;
    const terms = lines
      .slice(0, end)
      .filter((line) => !isOwner(line) && !/^\W*(The )?(MIT|ISC) Licen[cs]e\W*(\(MIT\))?\W*$/i.test(line));
    const key = terms.join(' ').replace(/\s+/g, ' ').trim();
    const owners = lines.filter(isOwner).map((line) => `  ${line.trim()}`);
    const { packages = [], shown = terms.join('\n').trim() } = texts.get(key) ?? {};
    texts.set(key, {
      shown,
      packages: [...packages, [`${name} ${version} (${license})`, ...owners].join('\n')],
    });
  }
  const rule = '-'.repeat(80);
  const parts = [...texts.values()].map(({ shown, packages }) => `${packages.join('\n')}\n\n${shown}\n`);
  return `The files in this folder hold parts of these packages.\n\n${parts.join(`\n${rule}\n\n`)}`;
}

writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences());

// What the folder above says of its modules does not hold for these.
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
chmodSync(join(dist, 'cli.js'), 0o755);

// What is declared for programs that import the package is written by hand and checked against it (library.ts).
for (const [from, to] of [
  ['library-types.ts', 'library.d.ts'],
  ['schema-types.ts', 'schema.d.ts'],
  ['desired/schema.generated.ts', 'recording-file.d.ts'],
]) {
  const text = readFileSync(join(src, from), 'utf8');
  writeFileSync(
    join(dist, to),
    text
      .replaceAll('./desired/schema.generated.ts', './recording-file.js')
      .replace(/\.\/(\w+)-types\.ts/g, './$1.js'),
  );
}
