import type { DestinationStream } from 'pino';
import { type EventName, eventMeanings } from './events.ts';
import { createLineWriter, type LogLevel } from './line-writer.ts';
import { allowedFields, type LogFields } from './log-fields.ts';

/** Writes one JSON line per event. There is no way to pass a text, an object or an error: see `describeError`. */
export interface Logger {
  /** What would be too much to read every day: each doorbell answered, each exchange with a provider. */
  trace(event: EventName, fields?: LogFields): void;
  debug(event: EventName, fields?: LogFields): void;
  info(event: EventName, fields?: LogFields): void;
  warn(event: EventName, fields?: LogFields): void;
  error(event: EventName, fields?: LogFields): void;
  /** A logger whose lines carry these fields too; a line's own fields win. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Who speaks: `api`, `worker`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Standard output when absent. */
  readonly destination?: DestinationStream | undefined;
  /** Hears of every event, also those below the level: for counting them. */
  readonly onEvent?: ((event: EventName) => void) | undefined;
  /** The id of the trace that this line belongs to, where there is one. */
  readonly traceId?: (() => string | null) | undefined;
}

/**
 * Makes a logger. Only fields of `LogFields` get into a line, each checked by its kind, and texts are scrubbed; pino
 * beneath scrubs and redacts once more.
 */
export function createLogger(options: LoggerOptions): Logger {
  const writer = createLineWriter({ ...options, destination: options.destination });

  function loggerWith(bound: Record<string, unknown>): Logger {
    const write =
      (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
      (event: EventName, fields: LogFields = {}): void => {
        const known = Object.hasOwn(eventMeanings, event) ? event : 'log.unrecognised_event';
        options.onEvent?.(known);
        if (!writer.isLevelEnabled(level)) return;
        const trace_id = options.traceId?.() ?? undefined;
        const given = allowedFields({ trace_id, ...fields });
        writer[level]({ event: known, ...bound, ...given });
      };
    return {
      trace: write('trace'),
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => loggerWith({ ...bound, ...allowedFields(fields) }),
    };
  }
  return loggerWith({});
}
