/**
 * What a provider's answer means, in words that all adapters share. Adapters make these values; the `decide-*` functions
 * read them. Nothing here is ever thrown: an answer that cannot be understood is a value too.
 */

/** The body of an upload: how long it is, and how much of it left this process. */
export interface SentBody {
  readonly bytes: number;
  /** What the operating system took from us: at most so many bytes arrived, and that all were taken proves nothing. */
  readonly taken_bytes: number;
}

/** What is kept of one exchange. No key, no full number: excerpts are scrubbed by the adapter. */
export interface Evidence {
  readonly operation: 'submit' | 'status' | 'download' | 'balance';
  readonly startedAt_ms: number;
  readonly duration_ms: number;
  /** False only if no request header left this process (undici emitted no `undici:client:sendHeaders`). */
  readonly headersSent: boolean;
  /** Of an upload that began; null for every other call. */
  readonly sentBody: SentBody | null;
  readonly httpStatus: number | null;
  /** First 2,000 characters of the body with digit runs masked; null when there was no body. */
  readonly bodyExcerpt: string | null;
  /** First 64 KiB of the raw body, kept where the answer could not be understood. */
  readonly rawBody: Uint8Array | null;
  /** Stable code of the transport error, e.g. `ECONNREFUSED`, `UND_ERR_SOCKET`, `total_deadline`. */
  readonly transportError: string | null;
}

export type RefusalClass =
  | 'caller_fault'
  | 'auth'
  | 'no_money'
  | 'batch_size'
  | 'rate_limited'
  | 'transient';

export type UnknownReason =
  | 'worker_died'
  | 'no_answer'
  | 'connection_lost'
  | 'unreadable_answer'
  | 'not_success'
  | 'no_task_id'
  | 'duplicate_task_id'
  | 'status_not_listed_as_free';

/** The provider's own sums, when it tells them. */
export interface ProviderAmount {
  /** Decimal text as the provider wrote it. */
  readonly amount: string;
  readonly currency: string | null;
}

export type SubmitAnswer =
  /** Proved that nothing left this process: may be tried again. */
  | { readonly kind: 'not_sent'; readonly reason: string; readonly evidence: Evidence }
  /** Answered with a code that the adapter lists as free, in the provider's own shape. */
  | {
      readonly kind: 'refused_free';
      readonly refusal: RefusalClass;
      /** The provider's own code or message, scrubbed. */
      readonly message: string | null;
      /** The limit that a `batch_size` refusal names, when it does. */
      readonly limit: { readonly bound: 'min' | 'max'; readonly numbers: number | null } | null;
      readonly retryAfter_ms: number | null;
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'accepted';
      readonly taskId: string;
      readonly status: TaskStatus | null;
      readonly estimated: ProviderAmount | null;
      readonly evidence: Evidence;
    }
  /** Anything else: it may have been charged. Never sent again without a person's word. */
  | { readonly kind: 'unknown'; readonly reason: UnknownReason; readonly evidence: Evidence };

export const taskPhases = [
  'queued',
  'running',
  /** Processed, not yet downloadable (`completed` of simple-tasks). */
  'ready_pending',
  'ready',
  'failed',
  'rejected',
  'awaiting_payment',
  /** A status word that we do not know: recorded, alerted, polled on. */
  'unrecognised',
] as const;
export type TaskPhase = (typeof taskPhases)[number];

export type ResultLocator =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'hash'; readonly hash: string };

export interface TaskStatus {
  /** The provider's own word, at most 64 characters. */
  readonly word: string;
  readonly phase: TaskPhase;
  /** Hints, never truth: a vendor's own sample shows more successes than numbers. */
  readonly total: number | null;
  readonly success: number | null;
  readonly failure: number | null;
  readonly filtered: number | null;
  readonly locator: ResultLocator | null;
  readonly actual: ProviderAmount | null;
}

export type StatusAnswer =
  /** Tasks that were asked for and are not in the answer are absent from `tasks`. */
  | {
      readonly kind: 'answered';
      readonly tasks: ReadonlyMap<string, TaskStatus>;
      readonly evidence: Evidence;
    }
  | { readonly kind: 'not_found'; readonly evidence: Evidence }
  | {
      readonly kind: 'failed';
      readonly failure: 'auth' | 'no_money' | 'rate_limited' | 'transient' | 'unreadable_answer';
      readonly retryAfter_ms: number | null;
      readonly evidence: Evidence;
    };

export type DownloadAnswer =
  | {
      readonly kind: 'downloaded';
      readonly byteCount: number;
      /** Response headers worth keeping: content-type, content-length, etag, last-modified. */
      readonly headers: Readonly<Record<string, string>>;
      readonly evidence: Evidence;
    }
  /** The URL has expired or is gone (403, 404, 410): poll for a fresh one. */
  | { readonly kind: 'expired'; readonly evidence: Evidence }
  /** The URL is not one that this account may fetch (host, scheme, address, redirect). */
  | { readonly kind: 'forbidden_url'; readonly reason: string; readonly evidence: Evidence }
  | { readonly kind: 'too_large'; readonly limit_bytes: number; readonly evidence: Evidence }
  | {
      readonly kind: 'failed';
      readonly failure: 'auth' | 'no_money' | 'rate_limited' | 'transient' | 'cut';
      readonly retryAfter_ms: number | null;
      readonly evidence: Evidence;
    };

export type BalanceAnswer =
  | {
      readonly kind: 'balance';
      readonly amount: string;
      readonly currency: string | null;
      readonly evidence: Evidence;
    }
  | { readonly kind: 'not_offered' }
  | {
      readonly kind: 'failed';
      readonly failure: 'auth' | 'transient';
      readonly evidence: Evidence;
    };
