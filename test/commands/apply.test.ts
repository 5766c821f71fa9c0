import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import type { Io } from '../../src/model/ports.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { systemClock } from '../../src/system-clock.ts';
import { CREDENTIALS, folder, put, recording } from '../support/cli.ts';
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
    expect(json.questions[0]).toMatch(
      /\n\n1 file has errors, and what it describes is left as it is\.\n\nSend this\?/,
    );
    const text = await apply([], { answer: 'no', cwd: bad });
    expect(text.questions[0]).not.toContain('error[');
    expect(text.questions[0]).toContain('1 file has errors, and');
    expect(text.err).toMatch(/^recordings\/b\.yaml:1:12: error\[/);
  });

  it('of errors in many files the first are repeated beside the question', async () => {
    const bad = await folder({ 'recordings/ok.yaml': recording('a') });
    for (let n = 1; n <= 5; n++)
      await put(bad, { [`recordings/b${n}.yaml`]: n === 1 ? 'recording: 5\nx: 1\n' : 'recording: 5\n' });
    const { questions } = await apply(['--no-color'], { answer: 'no', cwd: bad, outIsTerminal: true });
    const lines = questions[0]?.split('\n') ?? [];
    expect(lines[1]).toBe('5 files have errors, and what they describe is left as it is.');
    expect(lines.slice(2, 5)).toEqual([
      expect.stringMatching(/^ {2}recordings\/b1\.yaml:1:12: error\[[\w-]+\]: ./),
      expect.stringMatching(/^ {2}recordings\/b2\.yaml:1:12: error\[/),
      expect.stringMatching(/^ {2}recordings\/b3\.yaml:1:12: error\[/),
    ]);
    expect(lines[5]).toMatch(/^ {2}and \d more errors$/);
    expect(lines.slice(6)).toEqual(['', 'Send this? Only "yes" sends it: ']);
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

describe('without a terminal', () => {
  it('sends only with --yes, and says so', async () => {
    const text = await apply([], {});
    expect(text).toMatchObject({ code: 64, questions: [], sent: 0 });
    expect(text.err).toBe(
      'reelstate: there is no terminal to ask on: --yes is needed to send 1 call\n' +
        '  Nothing was sent. reelstate apply --yes sends it; a plan that was saved (plan --out FILE) needs no --yes.\n',
    );
    expect(text.out).toMatch(PLAN);
    const json = await apply(['--json'], {});
    expect(json).toMatchObject({ code: 64, sent: 0 });
    expect(JSON.parse(json.out)).toMatchObject({
      type: 'change_summary',
      changes: { applied: 0, not_attempted: 1 },
      stopped: 'without a terminal to ask on, --yes is needed',
    });
    // Also where credentials are missing: it would not come to that.
    expect(await apply([], { env: { REELSTATE_ENDPOINT: simulator.url } })).toMatchObject({ code: 64 });
    expect(await apply(['--yes'], {})).toMatchObject({ code: 0, questions: [], sent: 1 });
  });

  it('says with it how many files have errors', async () => {
    const bad = { 'recordings/b.yaml': 'recording: 5\n', 'recordings/c.yaml': 'x: [\n' };
    await put(cwd, bad);
    expect((await apply(['--json'], {})).err).toContain(
      'Nothing was sent. 2 files have errors, and what they describe is left as it is. reelstate apply --yes sends it',
    );
  });

  it('needs no --yes where nothing is to be sent, nor for a plan in a file', async () => {
    const env = { ...CREDENTIALS, REELSTATE_ENDPOINT: simulator.url };
    const saved = fakeIo({ cwd, env, clock: systemClock });
    expect(await main(['plan', '--out', 'p.json'], saved.io)).toBe(0);
    expect(await apply(['p.json'], {})).toMatchObject({ code: 0, sent: 1 });
    expect(await apply([], {})).toMatchObject({ code: 0, sent: 1 });
    // What is gone is forgotten without any call.
    await rm(join(cwd, 'recordings/a.yaml'));
    expect(await apply(['--allow-empty'], {})).toMatchObject({ code: 0, sent: 1 });
    const other = await folder({ 'recordings/a.yaml': recording('a') });
    const { io } = fakeIo({ cwd: other, env, clock: systemClock });
    expect(await main(['plan', '--out', 'p.json'], io)).toBe(0);
    expect(await apply(['p.json'], { cwd: other })).toMatchObject({ code: 0, questions: [], sent: 2 });
  });
});
