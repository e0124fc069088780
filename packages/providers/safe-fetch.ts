import type { IncomingHttpHeaders } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { addressNotAllowed, guardedConnector } from './guarded-connector.ts';
import { transportErrorCode } from './http.ts';
import { type MayReach, withoutBrackets } from './reach.ts';

/**
 * Fetches a file from a URL that somebody else wrote. Each hop is judged by its URL (scheme, port, host list), then in
 * the connector by the literal address, by every address that the name resolves to, and by the address that was reached.
 */
export interface FetchPolicy {
  /** `host` (443 only, or 80 where plain http is allowed) or `host:port`, exactly: a bucket's neighbours are strangers. */
  readonly allowedHosts: readonly string[];
  /** Allows plain http, for a first hop; the host list still holds. */
  readonly allowHttp: boolean;
  readonly mayReach: MayReach;
  /** How names are looked up; like the system does, where left out. */
  readonly lookup?: LookupFunction | undefined;
  readonly maxBytes: number;
  /** Over all hops, the body included. */
  readonly deadline_ms: number;
}

export interface FirstHop {
  readonly url: string;
  /** Sent to the first hop only: whatever it redirects to never sees a key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a URL below the account's own base URL, which its configuration vouches for: whom it may reach. Null: a stranger's. */
  readonly own: MayReach | null;
}

export type FetchEnd =
  | { readonly kind: 'fetched'; readonly headers: IncomingHttpHeaders; readonly byteCount: number }
  | { readonly kind: 'forbidden'; readonly reason: string }
  | { readonly kind: 'too_large' }
  /** Answered with something else than 200; the first bytes of the body. */
  | { readonly kind: 'refused'; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly kind: 'lost'; readonly transportError: string; readonly hasBegun: boolean };

export type Fetched = FetchEnd & {
  readonly httpStatus: number | null;
  readonly headersSent: boolean;
};

/** Presigned URLs are 500 to 3,000 characters; what a status may say, and what is fetched. */
export const longestUrl = 8_192;
const maxRedirects = 3;
const connectTimeout_ms = 10_000;
const refusalBytes = 4_000;

/** Judges a URL before anything is looked up; gives it parsed, or the reason why it may not be fetched. */
export function checkUrl(text: string, policy: FetchPolicy): URL | string {
  if (text.length > longestUrl) return 'url_too_long';
  const url = URL.parse(text);
  if (url === null) return 'not_a_url';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowHttp)) {
    return 'scheme_not_allowed';
  }
  if (url.username !== '' || url.password !== '') return 'credentials_in_url';
  // `host` has no port where it is the scheme's own, so an entry without one means 443 (or 80, where insecure).
  const allowed = new Set(policy.allowedHosts.map((host) => host.toLowerCase()));
  const port = url.protocol === 'https:' ? 443 : 80;
  const isAllowed =
    allowed.has(url.host) || (url.port === '' && allowed.has(`${url.hostname}:${port}`));
  if (!isAllowed) return 'host_not_allowed';
  const literal = withoutBrackets(url.hostname);
  if (isIP(literal) !== 0 && !policy.mayReach(literal)) return addressNotAllowed;
  return url;
}

/**
 * Streams the file into `write`, which is awaited before more is read. What `write` throws is thrown on; everything that
 * the wire does is a value.
 */
export async function safeFetch(
  first: FirstHop,
  policy: FetchPolicy,
  write: (bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<Fetched> {
  let client: Client | null = null;
  let stopReason: string | null = null;
  let headersSent = false;
  const stop = (reason: string) => {
    stopReason ??= reason;
    void client?.destroy(new Error(reason));
  };
  const onAbort = () => stop('aborted');
  const timer = setTimeout(() => stop('total_deadline'), policy.deadline_ms);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) stop('aborted');
  const lost = (error: unknown, httpStatus: number | null, hasBegun: boolean): Fetched => {
    const code = transportErrorCode(error);
    if (code === addressNotAllowed) {
      return { kind: 'forbidden', reason: code, httpStatus, headersSent };
    }
    return { kind: 'lost', transportError: stopReason ?? code, hasBegun, httpStatus, headersSent };
  };

  try {
    let target = first.url;
    let cameOverTls = false;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const own = hop === 0 ? first.own : null;
      const url = own === null ? checkUrl(target, policy) : new URL(target);
      const forbidden = (reason: string): Fetched => {
        return { kind: 'forbidden', reason, httpStatus: null, headersSent };
      };
      if (typeof url === 'string') return forbidden(url);
      if (cameOverTls && url.protocol !== 'https:') return forbidden('redirected_to_http');
      cameOverTls = url.protocol === 'https:';
      if (stopReason !== null) return lost(null, null, false);
      client = new Client(url.origin, clientOptions(policy, own ?? policy.mayReach));

      let response: Dispatcher.ResponseData;
      try {
        response = await client.request({
          method: 'GET',
          path: url.pathname + url.search,
          headers: {
            'accept-encoding': 'identity',
            'user-agent': 'rollcall',
            ...(hop === 0 ? first.headers : {}),
          },
        });
      } catch (error) {
        return lost(error, null, false);
      }
      headersSent = true;
      const { statusCode: httpStatus, headers, body } = response;
      const location = [301, 302, 303, 307, 308].includes(httpStatus) ? headers.location : null;
      if (typeof location === 'string') {
        await discard(body, client);
        const next = URL.parse(location, url.href);
        if (next === null) {
          return { kind: 'forbidden', reason: 'not_a_url', httpStatus, headersSent };
        }
        target = next.href;
        continue;
      }
      if (httpStatus !== 200) {
        const start = await readStart(body);
        return { kind: 'refused', headers, body: start, httpStatus, headersSent };
      }

      const length = contentLength(headers);
      if (length !== null && length > policy.maxBytes) {
        await discard(body, client);
        return { kind: 'too_large', httpStatus, headersSent };
      }
      let byteCount = 0;
      const chunks = body[Symbol.asyncIterator]();
      for (;;) {
        let next: IteratorResult<Uint8Array>;
        try {
          next = await chunks.next();
        } catch (error) {
          return lost(error, httpStatus, true);
        }
        if (next.done) break;
        byteCount += next.value.length;
        if (byteCount > policy.maxBytes) {
          await discard(body, client);
          return { kind: 'too_large', httpStatus, headersSent };
        }
        await write(next.value);
      }
      return { kind: 'fetched', headers, byteCount, httpStatus, headersSent };
    }
    return { kind: 'forbidden', reason: 'too_many_redirects', httpStatus: null, headersSent };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await client?.destroy();
  }
}

function clientOptions(policy: FetchPolicy, mayReach: MayReach): Client.Options {
  const timeout_ms = Math.min(connectTimeout_ms, policy.deadline_ms);
  return {
    pipelining: 0,
    allowH2: false,
    headersTimeout: policy.deadline_ms,
    bodyTimeout: policy.deadline_ms,
    connect: guardedConnector({ timeout_ms, mayReach, lookup: policy.lookup }),
  };
}

function contentLength(headers: IncomingHttpHeaders): number | null {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Ends a response that nobody will read. Its stream errors by that, and an unheard error would end the process. */
async function discard(body: Dispatcher.ResponseData['body'], client: Client): Promise<void> {
  body.on('error', () => {});
  await client.destroy();
}

/** The first bytes of a refusal, for the evidence; what is lost of it is not missed. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of body) {
      const bytes: Buffer = chunk;
      chunks.push(bytes);
      byteCount += bytes.length;
      if (byteCount >= refusalBytes) break;
    }
  } catch {
    // Cut in the middle: the status is what counts.
  }
  return Buffer.concat(chunks).subarray(0, refusalBytes);
}
