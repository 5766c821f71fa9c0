import { expect, it } from 'vitest';
import { Account } from '../../src/apply/account.ts';
import { type AttemptPorts, Attempts } from '../../src/apply/attempt.ts';
import { newLane } from '../../src/apply/lane.ts';
import type { Answer } from '../../src/model/answer.ts';
import type { JournalEvent } from '../../src/model/journal.ts';
import type { Call } from '../../src/model/plan.ts';
import type { Sealed } from '../../src/model/recording.ts';
import { FakeClock } from '../support/clock.ts';
import { answered, call, identity, NOT_FOUND, work } from '../support/engine.ts';

/*
 * One call: in which order things become durable, leave and are learned; and what keeps a call from leaving.
 */

const APPLIED = answered(200, { sid: identity(1).sid, resourceId: identity(1).resourceId });

/** All that happens, in its order. */
function attempts(answer: Answer, ports: Partial<AttemptPorts> = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const entries: JournalEvent[] = [];
  const options = {
    rate: 10,
    scope: 'account',
    sentAgo: [],
    patience: 60_000,
    credentials: 'AGORA_CUSTOMER_ID',
  } as const;
  const account = new Account(options, clock, new AbortController().signal, () => {});
  const append = async (event: JournalEvent) => {
    // An entry takes its time to become durable.
    await Promise.resolve();
    entries.push(event);
    log.push(event.event);
    return entries.length;
  };
  const made = new Attempts(
    {
      sender: {
        async send(_outgoing, way) {
          if (!(await way.open()) || !way.mayLeave()) return undefined;
          log.push('sent');
          way.departed();
          return answer;
        },
      },
      journal: {
        append,
        admit: async (_account, _appId, intent) => {
          const of = intent && (await append(intent));
          return { of, mayLeave: () => true, over: () => {} };
        },
        holds: () => true,
        onClaim: () => {},
      },
      bindingOf: () => ({ target: 'agora', account: 'acme' }),
      reveal: () => undefined,
      scrub: (text) => text.replaceAll('hush', '***'),
      clock,
      random: () => 0,
      stillWanted: async () => true,
      onEvent: ({ type }) => log.push(type),
      ...ports,
    },
    account,
  );
  const ticket = {
    departed: () => {},
    answered: () => void log.push('place answered'),
    giveBack: () => void log.push('place given back'),
  };
  const admission = { ticket, letOthersGo: () => void log.push('others may go') };
  const lane = newLane(work(1, []));
  const make = (each: Call) => made.make(lane, each, each, admission);
  return { make, lane, log, entries, account };
}

it('an intent is durable before its call leaves, and the answer before anything follows from it', async () => {
  const a = attempts(APPLIED);
  expect(await a.make(call('update', 'a'))).toMatchObject({ decision: { do: 'done', outcome: 'applied' } });
  expect(a.log).toEqual(['intent', 'start', 'sent', 'answered', 'place answered', 'others may go', 'answer']);
  expect(a.entries).toMatchObject([{ event: 'intent' }, { event: 'answer', of: 1, outcome: 'applied' }]);
});

it('a secret that is not at hand is named, and nothing is written down or sent', async () => {
  const a = attempts(APPLIED);
  const secret: Sealed = { sealed: null, reference: 'env:S3_KEY', shown: '(sensitive)' };
  const planned = call('update', 'a');
  const storage = { vendor: 1, region: 0, bucket: 'b', accessKey: secret, secretKey: secret };
  const made = await a.make({ ...planned, request: { storageConfig: storage } } as unknown as Call);
  expect(made).toEqual({ message: expect.stringContaining('env:S3_KEY') });
  expect(a.log).toEqual(['place given back']);
});

it('a call that nothing asks for any more gives its place back', async () => {
  const a = attempts(APPLIED, { stillWanted: async () => false });
  expect(await a.make(call('update', 'a'))).toBeUndefined();
  expect(a.log).toEqual(['place given back']);
});

it('a lane that is dropped while the intent is written withdraws it', async () => {
  const a = attempts(APPLIED);
  const making = a.make(call('update', 'a'));
  await Promise.resolve();
  a.lane.dropped = true;
  expect(await making).toBeUndefined();
  expect(a.log.filter((each) => each !== 'intent')).toEqual(['place given back', 'withdraw']);
});

it('the first 404 puts both endpoints in doubt, before it is written down itself', async () => {
  const a = attempts(NOT_FOUND);
  await a.make(call('update', 'a'));
  await a.make(call('update', 'a'));
  expect(a.entries.map(({ event }) => event)).toEqual([
    ...['intent', 'doubt', 'doubt', 'answer'],
    ...['intent', 'answer'],
  ]);
  expect(a.lane.trouble.get('update')?.repeated).toEqual({ 'not-found': 2 });
});

it('what the service said is kept without secrets, and no longer than 300 characters', async () => {
  const a = attempts(answered(400, { code: 2, message: `hush ${'x'.repeat(1_000)}` }));
  const made = await a.make(call('update', 'a'));
  expect(made).toMatchObject({ decision: { outcome: 'refused' } });
  const [, answer] = a.entries as { message?: string }[];
  expect(answer?.message).toContain('***');
  expect(answer?.message).not.toContain('hush');
  expect(answer?.message).toHaveLength(300);
});
