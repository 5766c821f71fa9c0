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
      const child = execFile(
        program,
        args,
        { cwd, env: rest, encoding: 'utf8', killSignal: 'SIGKILL', ...LIMITS },
        (error, stdout) => {
          if (!error) return resolve({ stdout });
          const name = basename(program);
          const { code, killed } = error as { code?: string | number; killed?: boolean };
          const why =
            code === 'ENOENT'
              ? 'there is no such program'
              : code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER'
                ? 'it prints too much'
                : killed
                  ? `it took longer than ${LIMITS.timeout / 1000} s`
                  : typeof code === 'number'
                    ? `it ended with ${code}`
                    : `it could not be run (${code ?? 'killed'})`;
          resolve({ message: `${name} gave no storage credentials: ${why}` });
        },
      );
      child.stdin?.end();
    });
}
