#!/usr/bin/env bash
# node-media-server 4.4.3: the second publisher of a stream is told that it is published, then cut off.
#
# A live stream has one publisher. Two recordings that push to the same rtmpUrl are two publishers, and RTMP has a
# status for the later one, NetStream.Publish.BadName. This server answers NetStream.Publish.Start to both, because it
# answers before it looks whether the path is taken. It then closes the later connection without another status. So
# Publish.Start from it proves nothing: only a connection that stays open does.
#
# Seen:
#   first publisher of live/standup: NetStream.Publish.Start, then the connection stays open
#   second publisher of live/standup: NetStream.Publish.Start, then the connection is closed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-media-server@4.4.3

cat > check.cjs <<'JS'
const assert = require('node:assert/strict');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');
const Server = require('node-media-server');
const Client = require('node-media-server/src/protocol/rtmp_client.js');

// The server logs to the console, with the time in brackets first; what it logs is not what is checked.
const print = console.log;
console.log = () => {};

async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

async function publish(port) {
  const client = new Client();
  const statuses = [];
  client.onStatusCallback = (code) => statuses.push(code);
  const closed = new Promise((resolve) => {
    client.onCloseCallback = () => resolve('is closed');
  });
  await client.connect(`rtmp://127.0.0.1:${port}/live/standup`);
  await client.sendConnect();
  await client.sendCreateStream();
  await client.sendPublish('standup');
  const end = await Promise.race([closed, wait(2000, 'stays open')]);
  return `${statuses.join(', ')}, then the connection ${end}`;
}

async function main() {
  const port = await freePort();
  const paths = { store: { path: './data' }, record: { path: './record' } };
  const server = new Server({ bind: '127.0.0.1', rtmp: { port }, ...paths });
  await server.run();
  const first = await publish(port);
  const second = await publish(port);
  print(`first publisher of live/standup: ${first}`);
  print(`second publisher of live/standup: ${second}`);
  assert.equal(first, 'NetStream.Publish.Start, then the connection stays open');
  assert.equal(second, 'NetStream.Publish.Start, then the connection is closed');
  await server.stop();
}

main().then(
  () => process.exit(0),
  (error) => {
    print(error);
    process.exit(1);
  },
);
JS
node check.cjs
