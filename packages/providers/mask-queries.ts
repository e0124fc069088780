import { Buffer } from 'node:buffer';

/**
 * A URL, plain or as JSON escapes it: Go's writes `&` as `\u0026`, and PHP's `/` as `\/`. Whole, with or without a query: an expression that
 * asks for the query as well looks at each `http://` of an answer full of them to the answer's end, which takes minutes.
 */
const url = /https?:(?:\\?\/){2}[^\s"'<>]+/gi;
/** What makes a presigned URL work, wherever an answer repeats it: S3's two signatures, and what stands beside them. */
const signed =
  /((?:X-Amz-(?:Signature|Credential|Security-Token)|[?&]Signature|AWSAccessKeyId)(?:=|%3D))([^\s&"'<>]+)/gi;

/** An answer's bytes with `*` for each byte of a URL's query. The same buffer where there is none. */
export function maskQueries(body: Buffer): Buffer {
  const text = body.toString('latin1');
  const stars = (_found: string, kept: string, secret: string) => kept + '*'.repeat(secret.length);
  const masked = text.replace(url, withoutQuery).replace(signed, stars);
  return masked === text ? body : Buffer.from(masked, 'latin1');
}

/** Who knows the query of a presigned URL can fetch the file. */
function withoutQuery(found: string): string {
  const at = found.search(/[?#]/);
  return at === -1 ? found : found.slice(0, at + 1) + '*'.repeat(found.length - at - 1);
}
