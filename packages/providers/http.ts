import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Account, Evidence, SentBody } from '@rollcall/domain';
import { Client, type Dispatcher, Pool } from 'undici';
import { guardedConnector } from './guarded-connector.ts';
import { type HeadersSentWatch, watchHeadersSent } from './headers-sent.ts';
import { observe, type ProviderHooks } from './provider.ts';
import { reachOf } from './reach.ts';
import { startStopwatch } from './stopwatch.ts';
import { uploadConnector } from './upload-connector.ts';

/** A provider's JSON is a few hundred bytes; what is longer is not one. */
const maxAnswerBytes = 1024 * 1024;
/** A host that does not take a connection in this time is tried again later, at no cost. */
const connectTimeout_ms = 5_000;
/** Pace and slots are counted in Postgres; this only bounds one process's sockets to one account. */
const controlConnections = 8;

export interface HttpCall {
  readonly operation: Evidence['operation'];
  readonly method: 'GET' | 'POST';
  /** Path and query below the account's base URL, starting with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** How one exchange ended: with response headers (`httpStatus`), or without them. Never an exception. */
export interface HttpAnswer {
  readonly operation: Evidence['operation'];
  readonly startedAt_ms: number;
  readonly duration_ms: number;
  readonly headersSent: boolean;
  /** Of an upload: its body, and how much of it the operating system took; null for other calls. */
  readonly sentBody: SentBody | null;
  readonly httpStatus: number | null;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The response ended as HTTP says that it should: not by a reset, the deadline or our cap. */
  readonly bodyComplete: boolean;
  /** `total_deadline`, `claim_lost`, `aborted`, `answer_too_large`, or the code of Node's or undici's error. */
  readonly transportError: string | null;
}

export interface AccountHttp {
  /**
   * One upload: its own connection, one request on it, no redirect, no second try, all within `upload_deadline_ms`.
   * `headersSent` is exact. `mayBegin` is asked right before the first byte: false, and none is sent (`claim_lost`). Past the deadline
   * no more of it is written, also where this process was stopped meanwhile and has not run its timers yet.
   */
  upload(call: HttpCall, mayBegin: () => boolean, signal?: AbortSignal): Promise<HttpAnswer>;
  /** A call that costs nothing and may share a connection: status, balance. */
  control(call: HttpCall, signal?: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export function openAccountHttp(account: Account, hooks?: ProviderHooks): AccountHttp {
  const base = new URL(account.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, '');
  const deadline_ms = account.upload_deadline_ms;
  const connectWithin_ms = Math.min(connectTimeout_ms, deadline_ms);
  const timeouts = {
    headersTimeout: deadline_ms,
    bodyTimeout: deadline_ms,
    allowH2: false,
  };
  const connect = guardedConnector({
    timeout_ms: connectWithin_ms,
    mayReach: reachOf(account).own,
    lookup: hooks?.lookup,
  });
  const pool = new Pool(base.origin, {
    ...timeouts,
    connect,
    connections: controlConnections,
  });

  const observed = (answer: HttpAnswer): HttpAnswer => {
    const { operation, httpStatus, transportError, duration_ms } = answer;
    const accountId = account.id;
    observe(hooks, { accountId, operation, httpStatus, transportError, duration_ms });
    return answer;
  };
  const below = (call: HttpCall): HttpCall => ({ ...call, path: prefix + call.path });

  return {
    async upload(call, mayBegin, signal) {
      const elapsed_ms = startStopwatch();
      const client = new Client(base.origin, {
        ...timeouts,
        pipelining: 0,
        connect: uploadConnector(connect, () => elapsed_ms() < deadline_ms),
      });
      const watch = watchHeadersSent();
      try {
        return observed(
          await exchange(client, below(call), { deadline_ms, elapsed_ms, mayBegin }, signal, watch),
        );
      } finally {
        watch.stop();
        await client.destroy();
      }
    },
    async control(call, signal) {
      const limits = { deadline_ms, elapsed_ms: startStopwatch(), mayBegin: () => true };
      return observed(await exchange(pool, below(call), limits, signal, null));
    },
    async close() {
      if (!pool.destroyed) await pool.destroy();
    },
  };
}

/** The code of a transport error, without its message: messages name addresses, and codes are stable. */
export function transportErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown_error';
  const code = 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : error.name;
}

interface Limits {
  readonly deadline_ms: number;
  /** Since the call. */
  readonly elapsed_ms: () => number;
  readonly mayBegin: () => boolean;
}

/**
 * One request and its answer, over in `deadline_ms` whatever happens: undici's own timeouts count silence, not time.
 * With a watch, `headersSent` is what undici published; without one it is "the request was started", which errs on the
 * side of sent.
 */
function exchange(
  dispatcher: Dispatcher,
  call: HttpCall,
  { deadline_ms, elapsed_ms, mayBegin }: Limits,
  signal: AbortSignal | undefined,
  watch: HeadersSentWatch | null,
): Promise<HttpAnswer> {
  const startedAt_ms = Date.now();
  const body_bytes = call.body?.byteLength ?? 0;
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | null = null;
    let requestStarted = false;
    let httpStatus: number | null = null;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let byteCount = 0;
    let over = false;

    const settle = (transportError: string | null) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve({
        operation: call.operation,
        startedAt_ms,
        duration_ms: Math.round(elapsed_ms()),
        headersSent: watch === null ? requestStarted : watch.sent(),
        sentBody:
          watch === null ? null : { bytes: body_bytes, taken_bytes: watch.bodyTaken(body_bytes) },
        httpStatus,
        headers,
        body: Buffer.concat(chunks),
        bodyComplete: transportError === null,
        transportError,
      });
    };
    const stop = (reason: string) => {
      settle(reason);
      controller?.abort(new Error(reason));
    };
    const onAbort = () => stop('aborted');
    // A process that was stopped past the deadline finds the timer due and the answer in its socket, in that order: the answer,
    // and the task id in it, is read first. Only that: what it has not sent yet is stopped by the clock, not by this timer.
    const timer = setTimeout(() => setImmediate(() => stop('total_deadline')), deadline_ms);
    if (signal?.aborted) {
      settle('aborted');
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(startedController) {
        // undici writes the head as soon as this returns. The claim or the deadline may be over although no timer has said so: a process
        // that was stopped while it connected hears of its connection first.
        if (!over && !mayBegin()) settle('claim_lost');
        if (!over && elapsed_ms() >= deadline_ms) settle('total_deadline');
        if (over) {
          startedController.abort(new Error('over'));
          return;
        }
        controller = startedController;
        requestStarted = true;
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        if (statusCode < 200) return;
        httpStatus = statusCode;
        headers = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        byteCount += chunk.length;
        if (byteCount > maxAnswerBytes) stop('answer_too_large');
        else chunks.push(chunk);
      },
      onResponseEnd: () => settle(null),
      onResponseError: (_controller, error) => settle(transportErrorCode(error)),
    };
    const dispatch = () => {
      dispatcher.dispatch(
        {
          path: call.path,
          method: call.method,
          headers: {
            accept: 'application/json',
            // Nothing here decompresses: an answer in gzip would be paid for and unreadable.
            'accept-encoding': 'identity',
            'user-agent': 'rollcall',
            ...call.headers,
          },
          body: call.body ?? null,
        },
        handler,
      );
    };
    try {
      if (watch === null) dispatch();
      else watch.during(dispatch);
    } catch (error) {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      over = true;
      throw error;
    }
  });
}
