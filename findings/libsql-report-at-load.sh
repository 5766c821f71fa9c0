#!/usr/bin/env bash
# libsql 0.5.29: to be loaded on Linux, it has Node make a whole diagnostic report of the process, and hardly needs it.
#
# Its binaries are in a package for each system. One would guess that the one to load is told by process.platform,
# process.arch and, for the C library, by detect-libc, on which it depends. It does ask detect-libc, which reads one file,
# and its word is the one that counts. But before that the loader (@neon-rs/load 0.0.4) calls process.report.getReport():
# stacks, memory, handles, shared libraries and all environment variables are gathered for one field of the header. For a
# command that is short that is half of what loading the database costs. Without a report the same binary is loaded.
#
# Seen (Linux, glibc):
#   reports made while libsql is loaded: 1
#   parts of a report: header, javascriptStack, javascriptHeap, nativeStack, resourceUsage, uvthreadResourceUsage, libuv,
#     workers, environmentVariables, userLimits, sharedObjects
#   a variable of this process is in it: yes
#   without a report, loaded: @libsql/linux-x64-gnu; with it: @libsql/linux-x64-gnu
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . libsql@0.5.29

cat > check.cjs <<'JS'
const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');

const has = process.argv[2] === 'with';
const make = process.report.getReport.bind(process.report);
const reports = [];
process.report.getReport = () => {
  const report = make();
  reports.push(report);
  return has ? report : undefined;
};
const Database = require('libsql');
const database = new Database(':memory:');
assert.equal(database.prepare('select 1 as one').get().one, 1);
database.close();

const { version } = JSON.parse(readFileSync('node_modules/libsql/package.json', 'utf8'));
const loaded = Object.keys(require.cache).find((path) => path.endsWith('.node'));
const [, name] = /node_modules\/(@libsql\/[^/]+)\//.exec(loaded);
const [report] = reports;
console.log(
  JSON.stringify({
    version,
    reports: reports.length,
    parts: Object.keys(report),
    variable: report.environmentVariables.OF_THIS_PROCESS,
    name,
  }),
);
JS
[ "$(uname -s)" = Linux ] || { echo 'seen on Linux only'; exit 1; }
with=$(OF_THIS_PROCESS=a-word node check.cjs with)
without=$(OF_THIS_PROCESS=a-word node check.cjs without)
WITH=$with WITHOUT=$without node --input-type=module <<'JS'
import assert from 'node:assert/strict';

const [first, second] = [process.env.WITH, process.env.WITHOUT].map((text) => JSON.parse(text));
console.log(`libsql ${first.version}, Node.js ${process.version}`);
console.log(`reports made while libsql is loaded: ${first.reports}`);
console.log(`parts of a report: ${first.parts.join(', ')}`);
console.log(`a variable of this process is in it: ${first.variable === 'a-word' ? 'yes' : 'no'}`);
console.log(`without a report, loaded: ${second.name}; with it: ${first.name}`);
assert.equal(first.version, '0.5.29');
assert.equal(first.reports, 1);
for (const part of ['javascriptStack', 'sharedObjects', 'environmentVariables']) assert.ok(first.parts.includes(part));
assert.equal(first.variable, 'a-word');
assert.equal(first.name, second.name);
JS
