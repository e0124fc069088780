import type { Buffer } from 'node:buffer';
import type { Evidence } from '@rollcall/domain';
import type { HttpAnswer } from './http.ts';
import { maskKey } from './mask-key.ts';
import { maskQueries } from './mask-queries.ts';

const excerptCharacters = 2_000;
const rawBytes = 64 * 1024;

/** What has many digits and is nobody's number: UUIDs, as in our ids, and ISO times. */
const harmless = [
  '(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])',
  '(?<!\\d)20\\d\\d-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?!\\d)',
].join('|');
/** Seven digits or more of any script, also when grouped the way people write phone numbers. */
const numberLike = '\\+?\\p{Nd}(?:[\\s().\\-/\u2010-\u2015]{0,3}\\p{Nd}){6,}';
const digits = new RegExp(`(${harmless})|${numberLike}`, 'gu');

/**
 * Text of a provider made fit to keep: the key and every run of 7 or more digits are masked (a phone number has at least
 * 7), also where spaces, dots, dashes, slashes or brackets stand between them; control characters, which neither a
 * terminal nor Postgres text should see, and lone surrogates become U+FFFD.
 */
export function scrub(text: string, key: string, maxCharacters = excerptCharacters): string {
  const withoutKey = key === '' ? text : text.replaceAll(key, '<key>');
  return withoutKey
    .toWellFormed()
    .replace(
      digits,
      (found, kept?: string) => kept ?? (/^\p{Nd}+$/u.test(found) ? '<digits>' : '<number>'),
    )
    .replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')
    .slice(0, maxCharacters)
    .toWellFormed();
}

/**
 * What is kept of a body: an excerpt for people, and with `keepRaw`, where the answer could not be understood, its bytes,
 * so that a person can. Neither holds our key, nor the query of a URL.
 */
export function keptBody(
  body: Buffer,
  key: string,
  keepRaw: boolean,
  otherSecrets: readonly string[] = [],
): Pick<Evidence, 'bodyExcerpt' | 'rawBody'> {
  if (body.length === 0) return { bodyExcerpt: null, rawBody: null };
  const masked = maskQueries([key, ...otherSecrets].reduce(maskKey, body));
  // Masked before it is cut, on twice the length, so that a cut through a number leaves no legible half.
  const head = masked.subarray(0, excerptCharacters * 2).toString('utf8');
  return { bodyExcerpt: scrub(head, ''), rawBody: keepRaw ? masked.subarray(0, rawBytes) : null };
}

/** What is kept of an exchange. */
export function evidenceOf(answer: HttpAnswer, key: string, keepRaw: boolean): Evidence {
  const { operation, startedAt_ms, duration_ms, headersSent, sentBody } = answer;
  const { httpStatus, transportError } = answer;
  return {
    operation,
    startedAt_ms,
    duration_ms,
    headersSent,
    sentBody,
    httpStatus,
    transportError,
    ...keptBody(answer.body, key, keepRaw),
  };
}
