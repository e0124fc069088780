import { problemSchema } from '@rollcall/contract';
import { type Dispatcher, Pool } from 'undici';
import type { z } from 'zod';
import { CommandFailed, failed, keyPlaces } from './command-failed.ts';
import { plainText } from './plain-text.ts';
import { wait } from './wait.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a stream of bytes. */
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** From the last byte of the request to the first of the answer. */
  readonly headersTimeout_ms?: number;
  /** Longest silence inside the answer. */
  readonly bodyTimeout_ms?: number;
}

/** An answer whose body nobody has read yet. */
export type Answer = Dispatcher.ResponseData;

export interface Api {
  readonly url: string;
  /** One exchange, whatever comes of it. Throws ConnectionLost where there was no answer, and the signal's reason. */
  exchange(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  /**
   * An answer of JSON, parsed by `schema`. Reads are tried again for some seconds once the API has answered this program before.
   * Throws CommandFailed.
   */
  ask<Schema extends z.ZodType>(
    schema: Schema,
    method: Method,
    path: string,
    options?: CallOptions,
  ): Promise<{ readonly value: z.output<Schema>; readonly raw: unknown; readonly answer: Answer }>;
  /** A GET for a stream of bytes. Throws CommandFailed. */
  download(path: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** There was no answer. `code` is the system's word, such as ECONNREFUSED. */
export class ConnectionLost extends Error {
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(`no answer: ${code}`, { cause });
    this.code = code;
  }
}

const readTries_max = 5;
/** Answers of a server or proxy that is coming or going; a read may simply be asked for again. */
export const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function openApi({ url, key }: { url: string; key: string }): Api {
  const base = new URL(url);
  const prefix = base.pathname.replace(/\/+$/, '');
  const pool = new Pool(base.origin, {
    connections: 4,
    connect: { timeout: 10_000 },
    headersTimeout: 60_000,
    bodyTimeout: 300_000,
  });
  let hasAnswered = false;

  const exchange: Api['exchange'] = async (method, path, options = {}) => {
    try {
      const answer = await pool.request({
        method,
        path: `${prefix}${path}${queryText(options.query)}`,
        headers: {
          accept: 'application/json',
          ...(typeof options.body === 'string' && { 'content-type': 'application/json' }),
          authorization: `Bearer ${key}`,
          ...options.headers,
        },
        body: (options.body ?? null) as Dispatcher.DispatchOptions['body'],
        signal: options.signal ?? null,
        ...(options.headersTimeout_ms !== undefined && {
          headersTimeout: options.headersTimeout_ms,
        }),
        ...(options.bodyTimeout_ms !== undefined && { bodyTimeout: options.bodyTimeout_ms }),
      });
      hasAnswered = true;
      return answer;
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw lost(error);
    }
  };

  /** A read that is tried again; anything else once. */
  async function exchangePatiently(method: Method, path: string, options: CallOptions) {
    for (let tried = 1; ; tried += 1) {
      const mayTryAgain = method === 'GET' && tried < readTries_max;
      try {
        const answer = await exchange(method, path, options);
        if (!mayTryAgain || !passingStatuses.has(answer.statusCode)) return answer;
        await answer.body.dump();
        await wait(retryAfter_ms(answer, tried), options.signal);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        // The first call of all says at once that the URL is wrong.
        if (!mayTryAgain || !hasAnswered) throw unreachable(url, error);
        await wait(backoff_ms(tried), options.signal);
      }
    }
  }

  return {
    url,
    exchange,
    async ask(schema, method, path, options = {}) {
      const answer = await exchangePatiently(method, path, options);
      const raw = await readJson(answer, url);
      if (answer.statusCode >= 400) throw refusalOf(answer, raw, url);
      return { value: understood(schema, raw, url), raw, answer };
    },
    async download(path, options = {}) {
      const answer = await exchangePatiently('GET', path, options);
      if (answer.statusCode < 400) return answer;
      throw refusalOf(answer, await readJson(answer, url), url);
    },
    close: () => pool.destroy(),
  };
}

/** An answer as what it has to be. Throws CommandFailed where the API is of another version. */
export function understood<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  url: string,
): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole';
  throw failed(
    'unreachable',
    'not_understood',
    'The answer is not one of this version',
    `${url} answered something that this rollcall does not know (${where}).`,
    ['Use the rollcall of the same version as the API.'],
  );
}

/** 0.5 s, 1 s, 2 s … 10 s. */
export function backoff_ms(tried: number): number {
  return Math.min(10_000, 250 * 2 ** tried);
}

/** What `Retry-After` asks for, within a minute; else the usual wait. */
export function retryAfter_ms(answer: Answer, tried: number): number {
  const seconds = Number(answer.headers['retry-after']);
  return seconds > 0 ? Math.min(60_000, seconds * 1_000) : backoff_ms(tried);
}

/** A problem of the API, or of a proxy in front of it, as the end of the command. */
export function refusalOf(answer: Answer, body: unknown, url: string): CommandFailed {
  const status = answer.statusCode;
  const problem = problemSchema.loose().safeParse(body);
  if (!problem.success) {
    const detail = `${url} answered ${status}, and not as Rollcall's API does.`;
    return failed('unreachable', 'not_rollcall', 'That is not Rollcall', detail, [
      'Check ROLLCALL_URL or --url; a proxy in between may have answered.',
    ]);
  }
  if (status === 401) {
    const detail = `${url} does not know the key: it is mistyped, expired, revoked, or of another installation.`;
    return new CommandFailed('usage', { ...problem.data, detail }, [
      `Set ${keyPlaces} to a valid key.`,
    ]);
  }
  const advice =
    problem.data.code === 'database_unavailable'
      ? ['Bring Postgres back (docs/operations.md#postgres-gone); work resumes by itself.']
      : [];
  return new CommandFailed(status < 500 ? 'refused' : 'unreachable', problem.data, advice);
}

export function unreachable(url: string, error: ConnectionLost): CommandFailed {
  const { code } = error;
  return failed(
    'unreachable',
    'unreachable',
    'The API cannot be reached',
    `${url} gave no answer (${code}).`,
    ['Check ROLLCALL_URL or --url, and whether the API runs there.'],
  );
}

/** The body as JSON; null where it is none, as of a proxy's page. */
export async function readJson(answer: Answer, url: string): Promise<unknown> {
  try {
    const text = await answer.body.text();
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw unreachable(url, lost(error));
  }
}

/** Whatever undici or the system throws, by its stable word; its message may hold addresses and is left out. */
export function lost(error: unknown): ConnectionLost {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string'
      ? error.code
      : 'UNKNOWN';
  return new ConnectionLost(plainText(code), error);
}

function queryText(query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
