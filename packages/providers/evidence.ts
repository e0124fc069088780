import type { Evidence } from '@rollcall/domain';
import type { HttpAnswer } from './http.ts';

const excerptCharacters = 2_000;
const rawBytes = 64 * 1024;

/**
 * Text of a provider made fit to keep: the key and every run of 7 or more digits are masked (a phone number has at least
 * 7), also where a number with `+` is written with spaces, dots, dashes or brackets; control characters, which neither a
 * terminal nor Postgres text should see, and lone surrogates become U+FFFD.
 */
export function scrub(text: string, key: string, maxCharacters = excerptCharacters): string {
  const withoutKey = key === '' ? text : text.replaceAll(key, '<key>');
  return withoutKey
    .toWellFormed()
    .replace(/\+\d(?:[\s().-]{0,2}\d){6,}/g, '<number>')
    .replace(/\d{7,}/g, '<digits>')
    .replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')
    .slice(0, maxCharacters)
    .toWellFormed();
}

/** What is kept of an exchange. `keepRaw` where the answer could not be understood, so that a person can. */
export function evidenceOf(answer: HttpAnswer, key: string, keepRaw: boolean): Evidence {
  const { operation, startedAt_ms, duration_ms, headersSent, httpStatus, transportError } = answer;
  // Masked before it is cut, on twice the length, so that a cut through a number or the key leaves no legible half.
  const head = answer.body.subarray(0, excerptCharacters * 2).toString('utf8');
  return {
    operation,
    startedAt_ms,
    duration_ms,
    headersSent,
    httpStatus,
    transportError,
    bodyExcerpt: answer.body.length === 0 ? null : scrub(head, key),
    rawBody: keepRaw && answer.body.length > 0 ? answer.body.subarray(0, rawBytes) : null,
  };
}
