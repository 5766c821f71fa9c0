/*
 * What nobody can do without: every file of a folder is read and parsed, in one thread, and nothing else happens.
 * Prints the milliseconds that reading and parsing took inside this process; with "hold", what all of it takes up.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const [, , folder, hold] = process.argv;
const began = performance.now();
const held = [];
for (const name of readdirSync(folder)) {
  const parsed = parse(readFileSync(join(folder, name), 'utf8'));
  if (hold) held.push(parsed);
}
console.log(performance.now() - began);
if (hold) console.log(held.length, readFileSync('/proc/self/status', 'utf8'));
