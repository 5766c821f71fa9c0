import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import type { Io } from '../../src/model/ports.ts';
import { systemClock } from '../../src/process-io.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { CREDENTIALS, folder, recording } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';

/*
 * The question of apply: asked of a person wherever the results go, and of nobody else.
 */

let simulator: Simulator;
let cwd = '';
beforeEach(async () => {
  cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const a = { appId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0', cname: 'channel-a', uid: '527841' };
  simulator = await startSimulator({
    clock: systemClock,
    recordings: [{ ...a, resourceId: 'resource-a', sid: 'sid-a', mode: 'mix' }],
  });
});
afterEach(() => simulator.close());

/** @param answer what the person types; left out, there is none */
async function apply(args: string[], { answer, ...more }: Partial<Io> & { answer?: string }) {
  const questions: string[] = [];
  const { io, said } = fakeIo({
    ...{ cwd, clock: systemClock, env: { ...CREDENTIALS, REELSTATE_ENDPOINT: simulator.url } },
    ...(answer === undefined
      ? {}
      : {
          errIsTerminal: true,
          ask: async (question: string) => {
            questions.push(question);
            return answer;
          },
        }),
    ...more,
  });
  const code = await main(['apply', ...args], io);
  return { code, questions, ...said, sent: await sent() };
}

async function sent(): Promise<number> {
  return ((await (await fetch(`${simulator.url}/_sim/requests`)).json()) as unknown[]).length;
}

const PLAN = /^\+ a +recordings\/a\.yaml\n {4}updateLayout {2}first apply\n[\s\S]*^Plan: 1 to create/m;
const QUESTION = /\nSend this\? Only "yes" sends it: $/;

describe('on a terminal', () => {
  it.each([
    [['--output', 'text'], true],
    [['--output', 'text'], false],
    [['--output', 'markdown'], true],
    [['--output', 'markdown'], false],
    [['--json'], true],
    [['--json'], false],
  ])('%j asks, results on the terminal: %s', async (form, outIsTerminal) => {
    const no = await apply([...form, '--no-color'], { answer: 'no', outIsTerminal });
    expect(no).toMatchObject({ code: 1, sent: 0, questions: [expect.stringMatching(QUESTION)] });
    expect(no.err).toMatch(/Nothing was sent\.\n$/);
    expect(no.out).not.toMatch(/Nothing was sent|Send this/);
    const yes = await apply([...form, '--no-color'], { answer: ' Yes', outIsTerminal });
    expect(yes).toMatchObject({ code: 0, sent: 1, questions: no.questions });
    // The plan is seen once: among the results, or else with the question.
    const isSeen = outIsTerminal && !form.includes('--json');
    if (isSeen) expect(no.questions[0]?.replace(QUESTION, '')).toBe('');
    else expect(no.questions[0]).toMatch(PLAN);
    if (!form.includes('--json')) expect(no.out).toMatch(/updateLayout/);
  });

  it('the stream of events is one, whatever the answer', async () => {
    const { out } = await apply(['--json'], { answer: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        type: 'change_summary',
        changes: { applied: 0, not_attempted: 1, forgotten: 0 },
        stopped: 'the answer was not yes',
      },
    ]);
  });

  it('what is wrong with the files is told before the question', async () => {
    const bad = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': 'recording: 5\n' });
    const json = await apply(['--json'], { answer: 'no', cwd: bad });
    expect(json.questions[0]).toMatch(/^recordings\/b\.yaml:1:12: error\[/);
    const text = await apply([], { answer: 'no', cwd: bad });
    expect(text.questions[0]).not.toContain('error[');
    expect(text.err).toMatch(/^recordings\/b\.yaml:1:12: error\[/);
  });

  it('--yes, its variable, and a plan without calls ask nothing', async () => {
    const env = { ...CREDENTIALS, REELSTATE_ENDPOINT: simulator.url, REELSTATE_YES: '1' };
    expect(await apply(['--json', '--yes'], { answer: 'no' })).toMatchObject({ questions: [], sent: 1 });
    expect(await apply(['--resync', '--json'], { answer: 'no', env })).toMatchObject({
      questions: [],
      sent: 2,
    });
    expect(await apply(['--json'], { answer: 'no' })).toMatchObject({ code: 0, questions: [], sent: 2 });
  });
});

it('without a terminal nobody is asked', async () => {
  expect(await apply([], {})).toMatchObject({ code: 0, questions: [], sent: 1 });
});
