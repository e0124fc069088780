/**
 * Why a line is not a number that can be checked. Closed: the database holds the same words in a CHECK.
 *
 * - `empty_cell`           the record has other cells, but the number column is blank (or a JSON string is)
 * - `not_a_number`         no phone number is written there (words, a formula, a negative or scientific number, NUL, a JSON object)
 * - `too_short`            fewer digits than any number of that country
 * - `too_long`             more digits than any number of that country, more than E.164's 15, or a text of more than 250 characters
 * - `unknown_country`      written internationally, but no country has that calling code
 * - `invalid_for_country`  right length (or a length between two right ones), but no range of that country holds it
 * - `not_international`    no `+`, no default region, and its digits are no valid number when read as international
 */
export const rejectReasons = [
  'empty_cell',
  'not_a_number',
  'too_short',
  'too_long',
  'unknown_country',
  'invalid_for_country',
  'not_international',
] as const;

export type RejectReason = (typeof rejectReasons)[number];
