import { describe, expect, it } from 'vitest';
import { plan } from '../../src/commands/plan.ts';
import type { RawOptions } from '../../src/commands/settings.ts';
import { Failure } from '../../src/model/failure.ts';
import { folder, recording } from '../support/cli.ts';
import { fakeIo } from '../support/io.ts';

async function onTerminal(raw: RawOptions): Promise<{ out: string; error: unknown }> {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const { io, said } = fakeIo({ cwd, outIsTerminal: true, errIsTerminal: true });
  const error: unknown = await plan([], raw, io).then(
    () => undefined,
    (reason) => reason,
  );
  return { out: said.out, error };
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
