/** A place in a trace, as W3C Trace Context writes it: 16 and 8 bytes in hexadecimal, and whether it is kept. */
export interface TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

const shape = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Ids are random. One of so few digits, and those decimal, may be a phone number that somebody padded. */
const paddedNumber = /^0*[1-9]\d{6,14}$/;

/**
 * Parses a `traceparent` (https://www.w3.org/TR/trace-context/, version 00); null for anything else. It may come from a
 * caller's header and goes into Postgres and to the collector, so nothing rides along.
 */
export function parseTraceparent(text: string): TracePlace | null {
  const [, traceId, spanId, flags] = shape.exec(text) ?? [];
  if (!traceId || !spanId || !flags) return null;
  if (paddedNumber.test(traceId) || paddedNumber.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}
