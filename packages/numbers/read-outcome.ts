import type { Intake } from './intake.ts';

/**
 * Why a whole upload is refused. Closed.
 *
 * - `empty`               no line at all: no bytes, blank lines only, a header only, `[]`
 * - `too_many_lines`      more than `maxLines`, or more than twice as many records when blank ones count
 * - `line_too_long`       a line, record, JSON element or row over `maxLineBytes`, or a row of too many columns
 * - `too_many_bytes`      more than `maxBytes`, as received or inflated; a workbook that inflates to too much
 * - `unknown_column`      the column asked for does not exist
 * - `no_number_column`    no column was asked for and none looks like phone numbers
 * - `ambiguous_column`    more than one column holds phone numbers, and the header does not single one out
 * - `unbalanced_quote`    a quote that is never closed, or text after a closing quote
 * - `not_json`            the JSON is broken, or is no array
 * - `bad_gzip`            the gzip stream is broken or cut
 * - `bad_xlsx`            the workbook is broken, cut or contradicts itself
 * - `unsupported_format`  a zip, a workbook with macros or a password, xls, ods, PDF, UTF-16 text, what holds NUL bytes, or other file that is none of ours
 * - `unknown_region`      the default region is no region
 */
export const refusalCodes = [
  'empty',
  'too_many_lines',
  'line_too_long',
  'too_many_bytes',
  'unknown_column',
  'no_number_column',
  'ambiguous_column',
  'unbalanced_quote',
  'not_json',
  'bad_gzip',
  'bad_xlsx',
  'unsupported_format',
  'unknown_region',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** What, where, and what to do; carries no number. Column names are the caller's own. */
  readonly message: string;
  /** 1-based, counted as {@link Reject.line} counts: non-blank records, header excluded. */
  readonly line?: number;
  /** Which of the caller's limits it passed; absent where it was one of the format itself. */
  readonly limit?: ReadLimit;
}

/** Limits of `ReadNumbersOptions`. */
export type ReadLimit = 'maxLines' | 'maxLineBytes' | 'maxBytes';

export type ReadNumbersOutcome = { readonly kind: 'read'; readonly intake: Intake } | Refusal;

export function refuse(code: RefusalCode, message: string, line?: number): Refusal {
  return { kind: 'refused', code, message, ...(line === undefined ? {} : { line }) };
}

/** A refusal that a caller's limit is the reason of. */
export function refuseOver(
  limit: ReadLimit,
  code: RefusalCode,
  message: string,
  line?: number,
): Refusal {
  return { ...refuse(code, message, line), limit };
}

export function refuseEmpty(): Refusal {
  return refuse('empty', 'The upload has no line. Send at least one phone number.');
}
