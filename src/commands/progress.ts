import { told } from '../apply/fleet.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import { DELAYED } from '../render/apply-json.ts';
import { printable, seconds, styleFor } from '../render/style.ts';
import { LOG_LEVELS, type Settings } from './settings.ts';

export interface Progress {
  take(event: ApplyEvent, counts: { planned: number; applied: number; failed: number }): void;
  end(): void;
}

/** Steps between two drawings of the live line, in milliseconds. */
const REDRAW = 50;

/** What people see on standard error while calls are sent: lines for news, and on a terminal a live count below. */
export function makeProgress({ logLevel, color }: Pick<Settings, 'logLevel' | 'color'>, io: Io): Progress {
  const style = styleFor(color && io.errIsTerminal);
  const live = io.errIsTerminal && logLevel !== 'error';
  let drawnAt = Number.NEGATIVE_INFINITY;
  const clear = () => (live ? '\r\u001b[K' : '');
  return {
    take(event, { planned, applied, failed }) {
      const told = newsOf(event);
      if (told && LOG_LEVELS.indexOf(told.level) <= LOG_LEVELS.indexOf(logLevel)) {
        const text = printable(told.text);
        void io.err(
          `${clear()}${told.level === 'error' ? style.red(text) : told.level === 'warn' ? style.yellow(text) : text}\n`,
        );
      }
      const now = io.clock.monotonic();
      if (!live || (now - drawnAt < REDRAW && applied + failed < planned)) return;
      drawnAt = now;
      void io.err(
        `${clear()}${style.dim(`${applied}/${planned} applied${failed > 0 ? `, ${failed} in trouble` : ''}`)}`,
      );
    },
    end() {
      if (live) void io.err(clear());
    },
  };
}

function newsOf(event: ApplyEvent): { level: Settings['logLevel']; text: string } | undefined {
  switch (event.type) {
    case 'start':
      return { level: 'debug', text: `  > ${event.name}  ${event.endpoint} (${event.reason})` };
    case 'applied':
      return { level: 'info', text: `  ok ${event.name}  ${event.endpoint} (${Math.round(event.took)} ms)` };
    case 'repeat':
      return {
        level: 'warn',
        text: `  .. ${event.name}  ${event.endpoint}: ${event.message}; again in ${seconds(event.after)} s`,
      };
    case 'delayed':
      return {
        level: 'info',
        text: `  .. ${event.name}  ${event.endpoint} ${DELAYED}: in ${Math.ceil(event.after / 1000)} s`,
      };
    case 'failed':
      return { level: 'error', text: `  x ${event.name}  ${event.endpoint}: ${event.message}` };
    case 'slowed':
      return {
        level: 'warn',
        text: `  .. ${event.account === undefined ? '' : `${event.account}: `}the service says ${event.status}: all calls are held back for ${seconds(event.hold)} s, then ${event.rate} a second`,
      };
    case 'disabled':
    case 'warned':
    case 'admitted':
    case 'answered':
      return undefined;
    case 'stopped':
      return { level: 'error', text: `  x ${told(event.account, event.message)}` };
  }
}
