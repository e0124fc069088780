/** Codes and class names are short identifiers; a long run of digits in one would be somebody's number. */
const identifier = /^[A-Za-z0-9_.-]{1,64}$/;
const digitRun = /\d{7,}/;

function identifierOr(text: unknown, fallback: string): string {
  return typeof text === 'string' && identifier.test(text) && !digitRun.test(text)
    ? text
    : fallback;
}

/**
 * What BullMQ may know of a handler's failure: its code and its class, e.g. `ECONNRESET Error`. BullMQ stores message
 * and stack, and the dashboard shows both to whoever is let in; neither may hold a number, a key or a row.
 */
export class SafeFailure extends Error {
  override readonly name = 'DoorbellFailed';

  constructor(error: unknown) {
    super(describe(error));
    this.stack = `${this.name}: ${this.message}`;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown NotAnError';
  const code = identifierOr('code' in error ? error.code : undefined, 'unexpected');
  return `${code} ${identifierOr(error.constructor.name, 'Error')}`;
}

/** A payload that is not exactly a doorbell, or one that came to the wrong queue. */
export class UnreadableDoorbell extends Error {
  override readonly name = 'UnreadableDoorbell';
  readonly code = 'unreadable_doorbell';
}
