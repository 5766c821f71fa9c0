import { describe, expect, it } from 'vitest';
import { plan } from '../../src/commands/plan.ts';
import type { RawOptions } from '../../src/commands/settings.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Io } from '../../src/model/ports.ts';
import { folder, recording } from '../support/cli.ts';
import { FakeClock } from '../support/clock.ts';

async function onTerminal(raw: RawOptions): Promise<{ out: string; error: unknown }> {
  const said = { out: '', error: undefined as unknown };
  const io: Io = {
    out: async (text) => {
      said.out += text;
    },
    err: async () => {},
    env: {},
    cwd: await folder({ 'recordings/a.yaml': recording('a') }),
    clock: new FakeClock(),
    random: () => 0,
    outIsTerminal: true,
    errIsTerminal: true,
    columns: 80,
    ask: undefined,
    stop: new AbortController().signal,
    onHangup: () => () => {},
  };
  await plan([], raw, io).catch((error: unknown) => {
    said.error = error;
  });
  return said;
}

describe('a plan on a terminal', () => {
  it('is no page', async () => {
    const { out, error } = await onTerminal({ output: 'html' });
    expect(out).toBe('');
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ exitCode: 64, hint: expect.stringContaining('> plan.html') });
  });

  it('has colours in its drawings', async () => {
    const { out, error } = await onTerminal({ pictures: true });
    expect(error).toBeUndefined();
    expect(out).toMatch(/╔═+╗/);
    expect(out).toContain('\u001b[');
    expect((await onTerminal({ pictures: true, color: false })).out).not.toContain('\u001b[');
  });
});
