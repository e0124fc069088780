/** RFC 3339 UTC with three fractional digits, as `gettasks` of the newer pages shows. */
export function withMilliseconds(atMs: number): string {
  return new Date(atMs).toISOString();
}

/**
 * RFC 3339 UTC with up to nine fractional digits and, as Go's RFC3339Nano has it, no trailing zeros: the pages show nine
 * digits and, once, eight. The clock gives milliseconds; the digits below come from the time itself, so that they repeat.
 */
export function withNanoseconds(atMs: number): string {
  const wholeMs = Math.floor(atMs);
  const below = (Math.imul(wholeMs % 0x7fffffff, 0x9e3779b1) >>> 0) % 1_000_000;
  const [seconds, milliseconds] = new Date(wholeMs).toISOString().slice(0, -1).split('.');
  const fraction = `${milliseconds}${String(below).padStart(6, '0')}`.replace(/0+$/, '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** `20251121T155808Z`, the form in presigned URLs. */
export function asAmzDate(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}

/** Reads `20251121T155808Z`; `undefined` for anything else. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
