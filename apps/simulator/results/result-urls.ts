import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { asAmzDate, parseAmzDate } from '../timestamps.ts';

const credentialScope = 'ap-southeast-1/s3/aws4_request';

/** Why a presigned URL is not (or is) good. */
export type UrlVerdict = 'valid' | 'expired' | 'forged';

/** Signs and checks result URLs in the form of S3's presigned ones (query parameters of Signature Version 4). */
export class ResultUrls {
  #secret = randomBytes(32);

  /** The query of a URL for `path` that is good for `expiresSeconds` from `signedAtMs`. */
  sign(path: string, signedAtMs: number, expiresSeconds: number): string {
    const date = asAmzDate(signedAtMs);
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `SIMULATOR/${date.slice(0, 8)}/${credentialScope}`,
      'X-Amz-Date': date,
      'X-Amz-Expires': String(expiresSeconds),
      'X-Amz-SignedHeaders': 'host',
    });
    query.set('X-Amz-Signature', this.#signature(path, query));
    return query.toString();
  }

  /** Checks a request's path and query. Expiry is judged by the whole second, as the date in the URL is. */
  check(path: string, query: URLSearchParams, nowMs: number): UrlVerdict {
    const unsigned = new URLSearchParams(query);
    const given = Buffer.from(unsigned.get('X-Amz-Signature') ?? '');
    unsigned.delete('X-Amz-Signature');
    const wanted = Buffer.from(this.#signature(path, unsigned));
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 'forged';
    const signedAtMs = parseAmzDate(query.get('X-Amz-Date') ?? '');
    const expiresSeconds = Number(query.get('X-Amz-Expires'));
    if (signedAtMs === undefined || !Number.isInteger(expiresSeconds)) return 'forged';
    return nowMs >= signedAtMs + expiresSeconds * 1000 ? 'expired' : 'valid';
  }

  #signature(path: string, query: URLSearchParams): string {
    return createHmac('sha256', this.#secret).update(`${path}\n${query.toString()}`).digest('hex');
  }
}
