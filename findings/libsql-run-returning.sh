#!/usr/bin/env bash
# libsql 0.5.29: a row that run() inserts is gone after close() when the statement has RETURNING.
#
# libsql has the interface of better-sqlite3: run(), get() and all() execute a prepared statement. One would guess that
# they differ only in what they give back. For INSERT … RETURNING they differ in what they do. After run(), which says
# that nothing changed, the connection itself sees the row, but it is not committed, although no transaction was begun
# and inTransaction is false. Another connection sees no row and cannot write, and close() drops the row without
# an error: what was noted as applied to a recording is forgotten. get() and all() commit at once.
#
# Seen (each inserts one row, and its statement stays referenced until the end):
#   run: 0 changes; rows seen by itself 1, by another 0, after close 0; another writes: SQLITE_BUSY
#   get: rows seen by itself 1, by another 1, after close 1; another writes: yes
#   all: rows seen by itself 1, by another 1, after close 1; another writes: yes
#   run without RETURNING: 1 changes; rows seen by itself 1, by another 1, after close 1; another writes: yes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . libsql@0.5.29

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import Database from 'libsql';

const held = [];
const rows = (database) => database.prepare('select count(*) as rows from applied').get().rows;

function other(file, use) {
  const database = new Database(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

function write(database) {
  try {
    database.exec('create table elsewhere (name text)');
    return 'yes';
  } catch (error) {
    return error.code;
  }
}

/** What is left of one row that is inserted by the statement. */
function insert(name, method, end) {
  const file = `${name.replaceAll(' ', '-')}.db`;
  const database = new Database(file);
  database.exec('create table applied (id integer primary key, sid text)');
  const statement = database.prepare(`insert into applied (sid) values ('38f8')${end}`);
  held.push(statement);
  const { changes } = statement[method]() ?? {};
  const said = changes === undefined ? '' : `${changes} changes; `;
  const seen = [`by itself ${rows(database)}`, `by another ${other(file, rows)}`];
  assert.equal(database.inTransaction, false);
  const writes = other(file, write);
  database.close();
  seen.push(`after close ${other(file, rows)}`);
  return `${name}: ${said}rows seen ${seen.join(', ')}; another writes: ${writes}`;
}

const seen = [
  insert('run', 'run', ' returning id'),
  insert('get', 'get', ' returning id'),
  insert('all', 'all', ' returning id'),
  insert('run without RETURNING', 'run', ''),
];
for (const line of seen) console.log(line);
assert.deepEqual(seen, [
  'run: 0 changes; rows seen by itself 1, by another 0, after close 0; another writes: SQLITE_BUSY',
  'get: rows seen by itself 1, by another 1, after close 1; another writes: yes',
  'all: rows seen by itself 1, by another 1, after close 1; another writes: yes',
  'run without RETURNING: 1 changes; rows seen by itself 1, by another 1, after close 1; another writes: yes',
]);
assert.equal(held.length, seen.length);
JS
node check.mjs
