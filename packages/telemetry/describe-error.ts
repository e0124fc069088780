import { scrub } from './scrub.ts';

/** What a log may say of an error: fields of `LogFields`. */
export interface DescribedError {
  /** The error's own `code`, else the nearest cause's, else `unexpected`. */
  readonly error_code: string;
  readonly error_class: string;
  /** Messages of the error and up to three causes, numbers and keys masked. */
  readonly error_message: string;
  /** Where it was thrown: up to eight frames, without the message. Absent when there are none. */
  readonly error_stack?: string;
}

const causesMax = 3;
const framesMax = 8;
const messageLengthMax = 1_000;

/**
 * Describes anything that was thrown, for the log. Only `code`, class, message and frames are read: the `detail` of a
 * Postgres error or the body of an HTTP error holds rows and numbers.
 */
export function describeError(error: unknown): DescribedError {
  const chain = causesOf(error);
  const [first] = chain;
  if (first === undefined) {
    return {
      error_code: 'unexpected',
      error_class: 'NotAnError',
      error_message: `${error === null ? 'null' : typeof error} was thrown`,
    };
  }
  const code = chain.map(codeOf).find((each) => each !== null) ?? 'unexpected';
  const message = chain.map(messageOf).filter(Boolean).join(' ← ');
  const stack = framesOf(first);
  return {
    error_code: code,
    error_class: scrub(first.constructor.name),
    error_message: scrub(message).slice(0, messageLengthMax),
    ...(stack === '' ? {} : { error_stack: scrub(stack) }),
  };
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (
    let each = error;
    each instanceof Error && chain.length <= causesMax && !chain.includes(each);
    each = each.cause
  ) {
    chain.push(each);
  }
  return chain;
}

function codeOf(error: Error): string | null {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return scrub(String(code));
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? scrub(code) : null;
}

/** A refused connection to a name with several addresses is an AggregateError without a message of its own. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message;
  return error.errors
    .map((each: unknown) => (each instanceof Error ? each.message : ''))
    .filter(Boolean)
    .join('; ');
}

function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, framesMax)
    .map((line) => line.trim())
    .join(' ');
}
