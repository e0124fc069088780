/** Somebody else's text has no end of its own. */
const textLengthMax = 16_000;

const maskedKey = '[key]';
const maskedNumber = '[number]';

/** Credentials as they appear in headers, URLs and messages. Each pattern keeps group 1 and masks the rest. */
const keyPatterns: readonly RegExp[] = [
  /\b((?:Bearer|Basic)\s+)[^\s"',;]+/gi,
  /((?:x-api-key|api[-_]?key|authorization|password|secret|token)["']?\s*[:=]\s*["']?)(?!(?:Bearer|Basic)\s)[^\s"',;&]+/gi,
  /(\brc_live_)[A-Za-z0-9_-]+/g,
  // user:password@ in a URL
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"']+@/gi,
];
/** The query of a presigned URL is its key. Whole, with or without one: a text full of URLs is looked at once then. */
const url = /\bhttps?:\/\/[^\s"'<>]+/gi;

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
/** What has many digits and is nobody's number: our ids and plain UUIDs, IPv4 addresses, ISO times. */
const harmless = [
  '(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])',
  `(?<![\\d.+])${octet}(?:\\.${octet}){3}(?!\\.?\\d)(?::\\d{1,5}(?!\\d))?`,
  '(?<!\\d)20\\d\\d-[01]\\d-[0-3]\\dT[0-2]\\d:[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-]\\d\\d:?\\d\\d)',
].join('|');
/** Seven digits or more, of any script, also when grouped the way people write phone numbers. */
const numberLike = '\\+?\\p{Nd}(?:[\\s().\\-/\u2010-\u2015]{0,3}\\p{Nd}){6,}';
const digits = new RegExp(`(${harmless})|${numberLike}`, 'gu');

/**
 * Masks in a text what may be a credential or a phone number. The second net: what is logged is chosen by name and
 * type, and this is for texts that others wrote (messages of drivers, of the system, of providers). It would rather
 * mask too much; `[key]` and `[number]` stand where something was. Looks at the first 16,000 characters and drops the
 * rest.
 */
export function scrub(text: string): string {
  let scrubbed = text.slice(0, textLengthMax);
  for (const pattern of keyPatterns) {
    scrubbed = scrubbed.replace(pattern, (_match, kept: string) => `${kept}${maskedKey}`);
  }
  scrubbed = scrubbed.replace(url, (found) => found.replace(/\?.+$/, `?${maskedKey}`));
  return scrubbed.replace(digits, (_match, kept: string | undefined) => kept ?? maskedNumber);
}

/** No count, duration or size of ours reaches this; nearly every phone number is larger. */
const numberMax = 1_000_000_000;

/** A number that is too large for anything that we count is masked. */
export function scrubNumber(value: number | bigint): number | string {
  return value > -numberMax && value < numberMax ? Number(value) : maskedNumber;
}
