import { pino, type DestinationStream } from 'pino';
import type { Log, LogFacts } from '@varve/ports';
import { consoleLine } from './console-line.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `auto`: lines for people when stderr is a terminal, else JSON. */
  readonly format: 'auto' | 'console' | 'json';
  /** Takes each line with its newline; stderr by default. */
  readonly write?: (line: string) => void;
}

/** One line per event, written before the call returns: what was said before a crash is there after it. */
export function openLog({ level, format, write }: LogOptions): Log {
  const isForPeople = format === 'console' || (format === 'auto' && process.stderr.isTTY);
  const lines: DestinationStream = write === undefined ? pino.destination({ fd: 2, sync: true }) : { write };
  const destination = isForPeople ? { write: (line: string): void => lines.write(consoleLine(line)) } : lines;

  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  /** Of what nobody wants to read no line is prepared: the data path says what it does at `debug`. */
  const linesAt = (each: LogOptions['level']): Log['debug'] =>
    logger.isLevelEnabled(each) ? (message, facts) => logger[each](loggable(facts), message) : () => undefined;
  return { debug: linesAt('debug'), info: linesAt('info'), warn: linesAt('warn'), error: linesAt('error') };
}

/** JSON shows nothing of an error: its own properties are hidden. */
function loggable(facts: LogFacts = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, value instanceof Error ? errorFacts(value) : value]));
}

function errorFacts(error: Error): Record<string, unknown> {
  const cause = error.cause instanceof Error ? { cause: errorFacts(error.cause) } : {};
  return { ...error, name: error.name, message: error.message, stack: error.stack, ...cause };
}
