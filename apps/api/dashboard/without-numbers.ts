import { scrub, scrubNumber } from '@rollcall/telemetry';

/** What of the board's own answers counts milliseconds or bytes, and may be large. */
const timesAndSizes: ReadonlySet<string> = new Set([
  'timestamp',
  'processedOn',
  'finishedOn',
  'delay',
  'prevTS',
  'used',
  'total',
  'peak',
]);

/**
 * An answer of the board without what may be a phone number or a key, wherever it stands: in the reason of a failure, its stack, a log line, a
 * returned value. Our doorbells hold none; a queue takes whatever a faulty program puts there, and the board shows it all.
 */
export function withoutNumbers(value: unknown, name = ''): unknown {
  switch (typeof value) {
    case 'string':
      return scrub(value);
    case 'number':
    case 'bigint':
      return timesAndSizes.has(name) ? value : scrubNumber(value);
    case 'object':
      if (value === null || value instanceof Date) return value;
      if (Array.isArray(value)) return value.map((each) => withoutNumbers(each, name));
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [scrub(key), withoutNumbers(each, key)]),
      );
    default:
      return value;
  }
}
