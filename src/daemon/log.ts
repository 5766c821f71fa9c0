import { type Logger, pino } from 'pino';
import type { Io } from '../model/ports.ts';
import { printable, type Style } from '../render/style.ts';

export type { Logger };

/**
 * The daemon's log on standard error: a JSON line a decision, or a line for people.
 * @param level "error", "warn", "info" or "debug"
 */
export function makeLog(io: Io, level: string, format: 'json' | 'pretty', style: Style): Logger {
  const write =
    format === 'json'
      ? (line: string) => void io.err(line)
      : (line: string) => void io.err(prettyLine(line, style));
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(io.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

function prettyLine(line: string, style: Style): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as { time: string; level: string; msg?: string };
  const paint =
    level === 'error' || level === 'fatal' ? style.red : level === 'warn' ? style.yellow : style.dim;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`,
  );
  return `${style.dim(time.slice(11, 19))} ${paint(level.padEnd(5))} ${printable(msg ?? '')}${fields.length > 0 ? style.dim(`  ${fields.join(' ')}`) : ''}\n`;
}
