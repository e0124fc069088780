import { Buffer } from 'node:buffer';
import type { Account, DownloadAnswer, Evidence, ResultLocator } from '@rollcall/domain';
import { keptBody } from './evidence.ts';
import { retryAfter_ms } from './json-answer.ts';
import { observe, type ProviderHooks } from './provider.ts';
import { reachOf } from './reach.ts';
import { type Fetched, type FetchPolicy, type FirstHop, safeFetch } from './safe-fetch.ts';

type Write = (bytes: Uint8Array) => Promise<void>;

const keptHeaders = ['content-type', 'content-length', 'content-encoding', 'etag', 'last-modified'];

/** Fetches a presigned result URL, which is a stranger's: never with our key (S3 refuses two mechanisms anyway). */
export async function downloadResultUrl(
  account: Account,
  key: string,
  locator: ResultLocator,
  write: Write,
  hooks?: ProviderHooks,
  signal?: AbortSignal,
): Promise<DownloadAnswer> {
  if (locator.kind !== 'url') return forbiddenDownload('not_a_url');
  const first = { url: locator.url, headers: {}, own: null };
  // The key is not sent, but it masks what is kept: the provider that wrote the URL knows it, and so may its host.
  return download(account, key, first, write, hooks, signal);
}

/** Fetches a file from the account's own base URL with its key, as webcom's get-file wants it. */
export async function downloadOwnFile(
  account: Account,
  key: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  write: Write,
  hooks?: ProviderHooks,
  signal?: AbortSignal,
): Promise<DownloadAnswer> {
  const url = account.baseUrl.replace(/\/+$/, '') + path;
  return download(account, key, { url, headers, own: reachOf(account).own }, write, hooks, signal);
}

/** An answer for a locator that was refused before anything was looked up or sent. */
export function forbiddenDownload(reason: string): DownloadAnswer {
  const evidence: Evidence = {
    operation: 'download',
    startedAt_ms: Date.now(),
    duration_ms: 0,
    headersSent: false,
    sentBody: null,
    httpStatus: null,
    bodyExcerpt: null,
    rawBody: null,
    transportError: null,
  };
  return { kind: 'forbidden_url', reason, evidence };
}

function policyOf(account: Account, hooks: ProviderHooks | undefined): FetchPolicy {
  const own = new URL(account.baseUrl).host;
  return {
    allowedHosts: account.resultHosts.length === 0 ? [own] : account.resultHosts,
    allowHttp: account.allowInsecure,
    mayReach: reachOf(account).given,
    lookup: hooks?.lookup,
    maxBytes: account.maxResultBytes,
    deadline_ms: account.download_deadline_ms,
  };
}

async function download(
  account: Account,
  key: string,
  first: FirstHop,
  write: Write,
  hooks?: ProviderHooks,
  signal?: AbortSignal,
): Promise<DownloadAnswer> {
  const startedAt_ms = Date.now();
  const started = performance.now();
  const policy = policyOf(account, hooks);
  const fetched = await safeFetch(first, policy, write, signal);
  const duration_ms = Math.round(performance.now() - started);
  const { httpStatus, headersSent } = fetched;
  const transportError = fetched.kind === 'lost' ? fetched.transportError : null;
  const refusal = fetched.kind === 'refused' ? fetched.body : null;
  const accountId = account.id;
  observe(hooks, { accountId, operation: 'download', httpStatus, transportError, duration_ms });
  const evidence: Evidence = {
    operation: 'download',
    startedAt_ms,
    duration_ms,
    headersSent,
    sentBody: null,
    httpStatus,
    transportError,
    ...keptBody(refusal ?? Buffer.alloc(0), key, true, querySecrets(first)),
  };
  return judge(fetched, policy, first.own !== null, evidence);
}

/** A presigned URL is signed by what stands in its query, and a host that refuses may repeat it in any form. */
function querySecrets({ url, own }: FirstHop): readonly string[] {
  const query = own === null ? URL.parse(url) : null;
  if (query === null) return [];
  // S3 repeats a signature as it read it, not as the URL wrote it.
  const asRead = [...query.searchParams.values()];
  const asWritten = query.search.split(/[?&=]/);
  // What is shorter is a flag or a count, and stands in many an answer by chance.
  return [...asWritten, ...asRead].filter((part) => part.length >= 6);
}

function judge(
  fetched: Fetched,
  policy: FetchPolicy,
  isOwnHost: boolean,
  evidence: Evidence,
): DownloadAnswer {
  if (fetched.kind === 'fetched') {
    const headers: Record<string, string> = {};
    for (const name of keptHeaders) {
      const value = fetched.headers[name];
      if (typeof value === 'string') headers[name] = value.slice(0, 200);
    }
    return { kind: 'downloaded', byteCount: fetched.byteCount, headers, evidence };
  }
  if (fetched.kind === 'forbidden') {
    return { kind: 'forbidden_url', reason: fetched.reason, evidence };
  }
  if (fetched.kind === 'too_large') {
    return { kind: 'too_large', limit_bytes: policy.maxBytes, evidence };
  }
  if (fetched.kind === 'lost') {
    const failure = fetched.hasBegun ? 'cut' : 'transient';
    return { kind: 'failed', failure, retryAfter_ms: null, evidence };
  }
  if (isExpired(fetched, isOwnHost)) return { kind: 'expired', evidence };
  const wait_ms = retryAfter_ms(fetched.headers, Date.now());
  const failure = failureOf(fetched.httpStatus, isOwnHost);
  return { kind: 'failed', failure, retryAfter_ms: wait_ms, evidence };
}

/**
 * Whether asking for the status again may give a URL that works. S3 says 403 for a signature that ran out, 404 for a file
 * that is gone, and 400 `ExpiredToken` where the signer's own credentials ran out.
 */
function isExpired(fetched: Extract<Fetched, { kind: 'refused' }>, isOwnHost: boolean): boolean {
  const { httpStatus, body } = fetched;
  if (httpStatus === 404 || httpStatus === 410) return true;
  if (isOwnHost) return false;
  if (httpStatus === 401 || httpStatus === 403) return true;
  return httpStatus === 400 && body.includes('Expired');
}

function failureOf(
  httpStatus: number | null,
  isOwnHost: boolean,
): Extract<DownloadAnswer, { kind: 'failed' }>['failure'] {
  if (isOwnHost && (httpStatus === 401 || httpStatus === 403)) return 'auth';
  if (isOwnHost && httpStatus === 402) return 'no_money';
  if (httpStatus === 429 || (httpStatus === 503 && !isOwnHost)) return 'rate_limited';
  return 'transient';
}
