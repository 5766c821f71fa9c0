import fastJsonPatch from 'fast-json-patch';
import { expect, it } from 'vitest';
import { folder, put, recording } from '../support/cli.ts';
import { runHere as run, simulatorHere as simulator } from '../support/here.ts';

const FLAG = ['--unsubscribe-spelling', 'unsubscribe'];
const lists = (uid: string) =>
  recording(
    'a',
    `subscriptions: { audioUidList: { unSubscribeAudioUids: ["${uid}"] }, videoUidList: { unSubscribeVideoUids: ["${uid}"] } }\n`,
  );

it('the other spelling is one of the wire alone: nothing is left to do afterwards, whichever is asked for', async () => {
  const cwd = await folder({ 'recordings/a.yaml': lists('1') });
  const sim = await simulator(cwd, [], { REELSTATE_UNSUBSCRIBE_SPELLING: 'unsubscribe' });
  for (const uid of ['1', '2']) {
    await put(cwd, { 'recordings/a.yaml': lists(uid) });
    const printed = JSON.parse((await run(['plan', '--json', ...FLAG], { cwd })).stdout);
    const [{ changes, patch, body }] = printed.recordings[0].calls;
    expect(changes[0]).toMatchObject({ before: uid === '1' ? null : ['1'], after: [uid] });
    // A patch leads from the body before to this one, in the spelling of both.
    const before = uid === '1' ? {} : clientRequest('1');
    expect(fastJsonPatch.applyPatch(before, patch).newDocument).toEqual(body.clientRequest);
    expect(body.clientRequest).toEqual(clientRequest(uid));

    expect((await run(['apply', '--yes', '--endpoint', sim.url, ...FLAG], { cwd })).code).toBe(0);
    expect((await sim.requests()).at(-1)?.body.clientRequest).toEqual(clientRequest(uid));
    for (const flags of [FLAG, []])
      expect((await run(['plan', '--detailed-exitcode', ...flags], { cwd })).code).toBe(0);
  }
});

function clientRequest(uid: string): object {
  return {
    streamSubscribe: {
      audioUidList: { unsubscribeAudioUids: [uid] },
      videoUidList: { unsubscribeVideoUids: [uid] },
    },
  };
}
