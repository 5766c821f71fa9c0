#!/usr/bin/env bash
# opentok 2.23.2: a layout that was set is reported as failed when the program's own callback throws.
#
# setArchiveLayout() is what updateLayout is here, at another recording service. Its callback is called once the service
# has answered. One would guess that an error thrown in there ends up as an uncaught exception. It does not: the library
# catches it and calls the same callback again, with that error in the place of the call's own. The service has
# answered 200 to one request, yet the last word to the program is that the call failed, so a program that repeats
# failed calls, or keeps the outcome of the last callback, is wrong about the recording.
#
# Seen:
#   the service got 1 request and answered 200
#   callback 1: no error, answer {"type":"pip"}
#   callback 2: error "Cannot write the state file", answer null
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . opentok@2.23.2

cat > check.cjs <<'JS'
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createServer } = require('node:http');
const OpenTok = require('opentok');

const answers = [];
const service = createServer((request, response) => {
  request.resume().on('end', () => {
    answers.push(200);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"type":"pip"}');
  });
});

/** Sets a layout with a callback that throws the first time; resolves when there is nothing more to come. */
function setLayout(port) {
  const calls = [];
  return new Promise((resolve) => {
    const uncaught = (error) => resolve([...calls, `uncaught: ${error.message}`]);
    process.once('uncaughtException', uncaught).once('unhandledRejection', uncaught);
    const client = new OpenTok('12345', 'not-a-secret', { apiUrl: `http://127.0.0.1:${port}` });
    client.setArchiveLayout('standup', 'pip', null, null, (error, answer) => {
      const said = error ? `error "${error.message}"` : 'no error';
      calls.push(`callback ${calls.length + 1}: ${said}, answer ${JSON.stringify(answer)}`);
      if (calls.length > 1) resolve(calls);
      else throw new Error('Cannot write the state file');
    });
  });
}

async function main() {
  await once(service.listen(0, '127.0.0.1'), 'listening');
  // With nothing more to come the process ends, with the exit code of a failure.
  service.unref();
  process.exitCode = 1;
  const calls = await setLayout(service.address().port);
  const seen = [`the service got ${answers.length} request and answered ${answers.join()}`, ...calls];
  for (const line of seen) console.log(line);
  assert.deepEqual(seen, [
    'the service got 1 request and answered 200',
    'callback 1: no error, answer {"type":"pip"}',
    'callback 2: error "Cannot write the state file", answer null',
  ]);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.log(error);
    process.exit(1);
  },
);
JS
node check.cjs
