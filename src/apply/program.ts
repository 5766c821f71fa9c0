import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import type { RunProgram } from './prepare.ts';

/** How long a credentials program may take, in milliseconds, and how much it may print, in bytes. */
const LIMITS = { timeout: 30_000, maxBuffer: 256 * 1024 } as const;

/**
 * Runs credentials programs: no shell, no input, and neither its output nor its arguments in any message. It
 * gets the environment without reelstate's own credentials.
 */
export function programRunner(cwd: string, env: Record<string, string | undefined>): RunProgram {
  const { AGORA_CUSTOMER_ID: _id, AGORA_CUSTOMER_SECRET: _secret, ...rest } = env;
  return ([program = '', ...args]) =>
    new Promise((resolve) => {
      const name = basename(program);
      const fail = (why: string) => resolve({ message: `${name} gave no storage credentials: ${why}` });
      try {
        const child = execFile(
          program,
          args,
          { cwd, env: rest, encoding: 'utf8', killSignal: 'SIGKILL', ...LIMITS },
          (error, stdout) => (error ? fail(reasonOf(error)) : resolve({ stdout })),
        );
        child.stdin?.end();
      } catch (error) {
        // Arguments that no program can be given, such as ones that are too long.
        fail(reasonOf(error as Error));
      }
    });
}

/** Never the error's own message: it quotes the arguments. */
function reasonOf(error: Error): string {
  const { code, killed } = error as { code?: string | number | null; killed?: boolean };
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it prints too much';
  if (killed) return `it took longer than ${LIMITS.timeout / 1000} s`;
  if (typeof code === 'number') return `it ended with ${code}`;
  return `it could not be run (${code ?? 'killed'})`;
}
