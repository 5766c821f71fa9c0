import { told } from '../apply/fleet.ts';
import type { Io } from '../model/ports.ts';
import type { ApplyEvent } from '../model/work.ts';
import { DELAYED } from '../render/apply-json.ts';
import { printable, seconds, styleFor } from '../render/style.ts';
import { makePace } from './pace.ts';
import { LOG_LEVELS, type Settings } from './settings.ts';

export interface Progress {
  take(event: ApplyEvent, counts: Counts): void;
  end(): void;
}

/** Calls: those of the plan, those that are applied, and those that failed or are to be repeated. */
interface Counts {
  planned: number;
  applied: number;
  failed: number;
}

/** Steps between two drawings of the live line, in milliseconds. */
const REDRAW = 50;
/** So often the live line is drawn without news, in milliseconds: a time that is left goes on. */
const TICK = 1_000;

/**
 * What people see on standard error while calls are sent: lines for news, and on a terminal a live count below, with
 * the time that is left.
 * @param perCall what a call takes of the allowance, in milliseconds
 */
export function makeProgress(
  { logLevel, color }: Pick<Settings, 'logLevel' | 'color'>,
  io: Io,
  perCall: number,
): Progress {
  const style = styleFor(color && io.errIsTerminal);
  const live = io.errIsTerminal && io.env.TERM !== 'dumb' && logLevel !== 'error';
  const pace = makePace(io.clock, perCall);
  const over = new AbortController();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let last: Counts | undefined;
  const clear = () => (live ? '\r\u001b[K' : '');
  const draw = (counts: Counts) => {
    drawnAt = io.clock.monotonic();
    void io.err(`${clear()}${style.dim(liveLine(counts, pace.left(counts), io.columns))}`);
  };
  const tick = async () => {
    while (!over.signal.aborted) {
      await io.clock.sleep(TICK, over.signal);
      if (!over.signal.aborted && last && io.clock.monotonic() - drawnAt >= TICK / 2) draw(last);
    }
  };
  return {
    take(event, counts) {
      if (live && !last) void tick();
      last = counts;
      pace.take(event, counts);
      const told = newsOf(event);
      if (told && LOG_LEVELS.indexOf(told.level) <= LOG_LEVELS.indexOf(logLevel)) {
        const text = printable(told.text);
        void io.err(
          `${clear()}${told.level === 'error' ? style.red(text) : told.level === 'warn' ? style.yellow(text) : text}\n`,
        );
      }
      const isOver = counts.applied + counts.failed >= counts.planned;
      if (live && (isOver || io.clock.monotonic() - drawnAt >= REDRAW)) draw(counts);
    },
    end() {
      over.abort();
      if (live) void io.err(clear());
    },
  };
}

/** The longest form that fits in one line: what goes on in a second could not be taken back. @param left in milliseconds */
export function liveLine(
  { planned, applied, failed }: Counts,
  left: number | undefined,
  columns: number,
): string {
  const count = `${applied}/${planned}`;
  const timed = left === undefined ? `${count} applied` : `${count}, ${timeLeft(left)} left`;
  const forms = [...(failed > 0 ? [`${timed}, ${failed} in trouble`] : []), timed, count];
  return forms.find((form) => form.length < columns) ?? '';
}

/** In seconds, above 99 of them in minutes: more would be a promise. */
function timeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
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
