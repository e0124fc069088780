import { type Job, jobSchema } from '@rollcall/contract';
import {
  type Answer,
  backoff_ms,
  type CallOptions,
  ConnectionLost,
  passingStatuses,
  readJson,
  refusalOf,
  retryAfter_ms,
  understood,
  unreachable,
} from './api.ts';
import { CommandFailed, failed } from './command-failed.ts';
import type { Context } from './context.ts';
import { wait } from './wait.ts';

/** No limit of requests is longer; who is told to wait for longer is told, and does. */
const waitedFor_max_s = 600;

export interface Creation {
  readonly path: string;
  readonly idempotencyKey: string;
  /** How often it is tried again after the first time. */
  readonly retries_max: number;
  /** What one try sends; asked for anew with each. */
  readonly request: () => CallOptions;
  /** Tells the person of a try that failed. */
  readonly say: (text: string) => void;
}

/** From the last byte sent to the answer: ten million numbers are sorted and stored in about a minute. */
const storing_ms = 1_800_000;
/** Words of the system for a connection that was never there: nothing was sent. */
const neverArrived: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const noJob = 'With the same Idempotency-Key there will be one job, however often it is sent.';

/**
 * Makes a job by POST, and repeats it with the same Idempotency-Key while the connection is lost or the API is not in order, which is safe:
 * one key makes one job. Throws CommandFailed; where it is not known whether there is a job, it says how to find out.
 */
export async function createJob(
  { api, signal }: Context,
  creation: Creation,
): Promise<{ readonly job: Job; readonly raw: unknown; readonly replayed: boolean }> {
  let mayHaveArrived = false;
  for (let tried = 1; ; tried += 1) {
    const outcome = await tryOnce(tried);
    if (outcome.kind === 'made') return outcome;
    mayHaveArrived ||= !neverArrived.has(outcome.code);
    if (tried > creation.retries_max && !mayHaveArrived) {
      throw unreachable(api.url, new ConnectionLost(outcome.code, null));
    }
    if (tried > creation.retries_max) {
      throw failed(
        'unreachable',
        'creation_unanswered',
        'It is not known whether the job was made',
        `The request was sent ${tried} times and never answered in full: ${outcome.why}.`,
        [
          `Run the same command again with --idempotency-key ${creation.idempotencyKey}`,
          'It gives the job that was made, if one was, and makes it otherwise: never two.',
        ],
      );
    }
    const seconds = Math.ceil(outcome.wait_ms / 100) / 10;
    creation.say(
      `Try ${tried} of ${creation.retries_max + 1}: ${outcome.why}. Again in ${seconds} s. ${noJob}`,
    );
    await wait(outcome.wait_ms, signal);
  }

  async function tryOnce(tried: number) {
    const { headers, ...rest } = creation.request();
    let answer: Answer;
    try {
      answer = await api.exchange('POST', creation.path, {
        ...rest,
        headers: { ...headers, 'idempotency-key': creation.idempotencyKey },
        headersTimeout_ms: storing_ms,
        signal,
      });
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      // What our own file met is told as such: it is not the line's fault.
      if (error.cause instanceof CommandFailed) throw error.cause;
      return again(`the connection was lost (${error.code})`, error.code, backoff_ms(tried));
    }
    let body: unknown;
    try {
      body = await readJson(answer, api.url);
    } catch {
      return again(
        'the connection was lost in the middle of the answer',
        'answer',
        backoff_ms(tried),
      );
    }
    const { statusCode } = answer;
    if (statusCode < 400) {
      const job = understood(jobSchema, body, api.url);
      const replayed = answer.headers['idempotency-replayed'] === 'true';
      return { kind: 'made', job, raw: body, replayed } as const;
    }
    const refusal = refusalOf(answer, body, api.url);
    const { code } = refusal.problem;
    if (code === 'idempotency_in_progress') {
      return again('an earlier try is still being stored', code, retryAfter_ms(answer, tried));
    }
    // The day's numbers are used up: that passes, but not while anybody waits.
    const isOver = Number(answer.headers['retry-after']) > waitedFor_max_s;
    if (!passingStatuses.has(statusCode) || isOver) throw refusal;
    return again(`the API answered ${statusCode} (${code})`, code, retryAfter_ms(answer, tried));
  }
}

/** `code`: the system's word for what was met, or the API's. */
function again(why: string, code: string, wait_ms: number) {
  return { kind: 'again', why, code, wait_ms } as const;
}
