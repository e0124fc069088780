import { sqlStateOf } from '@rollcall/db';

/** Class 08 (connection), 53 (out of connections, memory or disk), 57P (shut down, starting, dropped). */
const awayState = /^(?:08|53|57P)/;
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** pg gives these no code. */
const awayMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end)/;

/** Whether an error of a statement means that Postgres is away, as opposed to a statement that is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== null) return awayState.test(state);
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isDatabaseAway)) return true;
  if ('code' in error && typeof error.code === 'string' && awayCodes.has(error.code)) return true;
  return awayMessages.test(error.message) || isDatabaseAway(error.cause);
}
