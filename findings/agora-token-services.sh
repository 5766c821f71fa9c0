#!/usr/bin/env bash
# agora-token 2.0.5 and 2.0.6: a patch release turns the services of a token that was read from a map into a list.
#
# To see for which channel a token is, it is read with AccessToken2.from_string(), the only reader of such tokens there (by its
# path, src/AccessToken2), and its services are looked up by their type, which is 1 for RTC. In 2.0.5 `services` is an
# object with the type as the key. In 2.0.6 it is a list in the order of the token, so the same lookup finds nothing in
# the same token: index 1 is the second service, if there is one. getServices(type), which 2.0.5 does not have, takes
# its place.
#
# Seen (one token, built by 2.0.5):
#   2.0.5: services[1] is of type 1 for channel standup, getServices is missing
#   2.0.6: services[1] is missing, getServices finds type 1 for channel standup
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  old@npm:agora-token@2.0.5 new@npm:agora-token@2.0.6

cat > check.cjs <<'JS'
const assert = require('node:assert/strict');
const { RtcRole, RtcTokenBuilder } = require('old');

// Made-up identifiers of the right form.
const appId = '0123456789abcdef'.repeat(2);
const certificate = 'fedcba9876543210'.repeat(2);
const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, 'standup', 527841, RtcRole.PUBLISHER, 600, 600);

function read(version) {
  const { AccessToken2 } = require(`${version}/src/AccessToken2`);
  const parsed = new AccessToken2('', '', 0, 0);
  parsed.from_string(token);
  return parsed;
}

const describe = (service) => `type ${service.service_type()} for channel ${service.__channel_name}`;

function old() {
  const parsed = read('old');
  const missing = parsed.getServices === undefined ? 'is missing' : 'exists';
  return `services[1] is of ${describe(parsed.services[1])}, getServices ${missing}`;
}

function current() {
  const parsed = read('new');
  const found = parsed.services[1] === undefined ? 'is missing' : 'exists';
  return `services[1] ${found}, getServices finds ${parsed.getServices(1).map(describe).join(', ')}`;
}

const seen = [old(), current()];
console.log(`2.0.5: ${seen[0]}`);
console.log(`2.0.6: ${seen[1]}`);
assert.deepEqual(seen, [
  'services[1] is of type 1 for channel standup, getServices is missing',
  'services[1] is missing, getServices finds type 1 for channel standup',
]);
JS
node check.cjs
