import type { Io } from '../../src/model/ports.ts';
import { FakeClock } from './clock.ts';

/** A process for a command run inside the test: no terminal, a clock that stands still, and nobody who stops it. */
export function fakeIo(more: Partial<Io> = {}): { io: Io; said: { out: string; err: string } } {
  const said = { out: '', err: '' };
  const io: Io = {
    out: async (text) => {
      said.out += text;
    },
    err: async (text) => {
      said.err += text;
    },
    input: async () => new Uint8Array(),
    env: {},
    conceal: () => {},
    cwd: '/',
    clock: new FakeClock(),
    random: () => 0,
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 80,
    ask: undefined,
    stop: new AbortController().signal,
    onHangup: () => {},
    ...more,
  };
  return { io, said };
}
