import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { withoutOwn } from '../secrets/environment.ts';
import type { RunProgram } from './prepare.ts';

/** How long a credentials program may take, in milliseconds, and how much it may print, in bytes. */
const LIMITS = { timeout: 30_000, maxBuffer: 256 * 1024 } as const;

/**
 * Runs credentials programs: no shell, no input, and neither its output nor its arguments in any message. It
 * gets the environment without what is reelstate's own.
 * @param stop ends whatever runs, with all that it has started
 */
export function programRunner(
  cwd: string,
  env: Record<string, string | undefined>,
  stop: AbortSignal,
): RunProgram {
  const rest = withoutOwn(env);
  return ([program = '', ...args]) =>
    new Promise((resolve) => {
      const name = basename(program);
      const fail = (why: string) => resolve({ message: `${name} gave no storage credentials: ${why}` });
      try {
        // A group of its own, so that nothing that it starts outlives it.
        const child = spawn(program, args, {
          cwd,
          env: rest,
          stdio: ['ignore', 'pipe', 'ignore'],
          detached: true,
        });
        const output: Buffer[] = [];
        let size = 0;
        const end = (why: string) => {
          fail(why);
          child.stdout.destroy();
          killGroup(child.pid);
        };
        const timer = setTimeout(() => end(`it took longer than ${LIMITS.timeout / 1000} s`), LIMITS.timeout);
        const onStop = () => end('reelstate is ending');
        stop.addEventListener('abort', onStop);
        child.stdout.on('data', (chunk: Buffer) => {
          output.push(chunk);
          size += chunk.length;
          if (size > LIMITS.maxBuffer) end('it prints too much');
        });
        child.on('error', (error) => fail(reasonOf(error, program)));
        child.on('close', (code, signal) => {
          clearTimeout(timer);
          stop.removeEventListener('abort', onStop);
          if (code === 0) resolve({ stdout: Buffer.concat(output).toString('utf8') });
          else fail(code === null ? `it was ended by ${signal}` : `it ended with ${code}`);
        });
        if (stop.aborted) onStop();
      } catch (error) {
        // Arguments that no program can be given, such as ones that are too long.
        fail(reasonOf(error as Error, program));
      }
    });
}

/** Ends a program and all that it has started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The program has ended already.
  }
}

/** Never the error's own message: it quotes the arguments. */
function reasonOf(error: Error, program: string): string {
  const { code } = error as { code?: string };
  if (code !== 'ENOENT') return `it could not be run (${code ?? 'unknown'})`;
  return /[/\\]/.test(program)
    ? `there is no program ${JSON.stringify(program)}, or what its first line names is missing; a path counts from the recording file`
    : `there is no program ${JSON.stringify(program)} in PATH; a path with a slash counts from the recording file`;
}
