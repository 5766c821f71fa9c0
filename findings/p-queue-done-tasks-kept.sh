#!/usr/bin/env bash
# p-queue 9.3.5: what a task holds is not let go of when it is done, but when half of all that was queued is.
#
# Ten thousand calls wait in a queue, each a function that holds what it sends. One would guess that a function is garbage
# once its promise has settled, as with p-limit 7.3.0, so that memory falls as the queue empties. p-queue keeps what waits in
# a list whose front is only passed over: functions that have run stay in it, with all that they hold, until they are
# more than a hundred and more than half of the list, or the queue runs empty. Of a long queue half is held in vain.
#
# Seen (400 tasks, one at a time; of those that are done, how many the collector has taken):
#   p-queue: 150 done, 1 taken; 195 done, 1 taken; 250 done, 201 taken; 400 done, 400 taken
#   p-limit: 150 done, 150 taken; 195 done, 195 taken; 250 done, 250 taken; 400 done, 400 taken
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . p-queue@9.3.5 p-limit@7.3.0

cat > check.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import pLimit from 'p-limit';
import PQueue from 'p-queue';

const ALL = 400;
const LOOKED_AT = [150, 195, 250, ALL];

/** Tasks that wait for a permit each. @param add queues a function */
async function seen(name, add) {
  let [done, taken] = [0, 0];
  const registry = new FinalizationRegistry(() => {
    taken += 1;
  });
  const permits = [];
  const queueOne = () => {
    const held = { what: 'it sends' };
    registry.register(held, undefined);
    void add(async () => {
      while (permits.length === 0) await turn();
      permits.pop();
      assert.equal(held.what, 'it sends');
      done += 1;
    });
  };
  for (let n = 0; n < ALL; n++) queueOne();
  const found = [];
  for (const until of LOOKED_AT) {
    while (done < until) {
      permits.push('one');
      const before = done;
      while (done === before) await turn();
    }
    for (let n = 0; n < 10; n++) {
      globalThis.gc();
      await turn();
    }
    found.push(`${done} done, ${taken} taken`);
  }
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  return [version, found.join('; ')];
}

const queue = new PQueue({ concurrency: 1 });
const [queueVersion, ofQueue] = await seen('p-queue', (task) => queue.add(task));
const limit = pLimit(1);
const [limitVersion, ofLimit] = await seen('p-limit', (task) => limit(task));
console.log(`p-queue ${queueVersion}: ${ofQueue}`);
console.log(`p-limit ${limitVersion}: ${ofLimit}`);
assert.deepEqual([queueVersion, limitVersion], ['9.3.5', '7.3.0']);
assert.equal(ofQueue, '150 done, 1 taken; 195 done, 1 taken; 250 done, 201 taken; 400 done, 400 taken');
assert.equal(ofLimit, '150 done, 150 taken; 195 done, 195 taken; 250 done, 250 taken; 400 done, 400 taken');
JS
node --expose-gc check.mjs
