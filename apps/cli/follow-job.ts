import { type Job, jobSchema } from '@rollcall/contract';
import {
  type Answer,
  type Api,
  backoff_ms,
  ConnectionLost,
  lost,
  passingStatuses,
  readJson,
  refusalOf,
  understood,
  unreachable,
} from './api.ts';
import { readServerSentEvents } from './sse-reader.ts';
import { wait } from './wait.ts';

export type Followed =
  | { readonly kind: 'job'; readonly job: Job }
  /** The line is down; `code` says why. Said once an outage. */
  | { readonly kind: 'away'; readonly code: string }
  | { readonly kind: 'back' };

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** How long the API may be away before it is given up. */
  readonly patience_ms?: number;
  readonly pollEvery_ms?: number;
}

/** A restart takes seconds, a deployment minutes; a person looks at what takes longer. */
const patience_ms = 600_000;
/** Three of the API's heartbeats. */
const silence_ms = 45_000;

/** States in which nothing of a job changes any more. */
export const closedStates: ReadonlySet<string> = new Set([
  'completed',
  'completed_with_errors',
  'cancelled',
  'failed',
]);

/**
 * A job as it goes on, until it is closed: over its event stream, taken up again with Last-Event-ID when the line breaks; by
 * asking every few seconds where there is no such stream (an older API, a proxy that holds streams back). An API that is away
 * is waited for. Throws CommandFailed where it is refused or away for too long, and the signal's reason.
 */
export async function* followJob(
  api: Api,
  jobId: string,
  options: FollowOptions,
): AsyncGenerator<Followed> {
  const { signal } = options;
  const pollEvery_ms = options.pollEvery_ms ?? 2_000;
  let lastEventId = '';
  let streams = true;
  let awaySince_ms: number | null = null;
  let failures = 0;
  for (;;) {
    try {
      const answer = await openEvents(api, jobId, streams, lastEventId, signal);
      if (awaySince_ms !== null && !passingStatuses.has(answer.statusCode)) {
        awaySince_ms = null;
        failures = 0;
        yield { kind: 'back' };
      }
      const kind = kindOf(answer);
      if (kind === 'passing') {
        await answer.body.dump();
        throw new ConnectionLost(`answer ${answer.statusCode}`, null);
      }
      if (kind === 'stream') {
        for await (const { event, data, id } of readServerSentEvents(patiently(answer))) {
          lastEventId = id;
          if (event === 'end') break;
          if (event !== 'job') continue;
          const job = understood(jobSchema, jsonOf(data), api.url);
          yield { kind: 'job', job };
          if (closedStates.has(job.state)) return;
        }
        failures = 0;
        // Ended by itself: closed, as the read below tells, or the API stops.
        const job = await readJob(api, jobId, signal);
        yield { kind: 'job', job };
        if (closedStates.has(job.state)) return;
        await wait(pollEvery_ms, signal);
        continue;
      }
      const body = await readJson(answer, api.url);
      if (kind === 'refused') {
        // A job that is not there is told by the job itself; a path that is not there by the lack of streams.
        if (!streams) throw refusalOf(answer, body, api.url);
        streams = false;
        continue;
      }
      const job = understood(jobSchema, body, api.url);
      yield { kind: 'job', job };
      if (closedStates.has(job.state)) return;
      await wait(pollEvery_ms, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof ConnectionLost)) throw error;
      const now_ms = performance.now();
      if (awaySince_ms === null) {
        awaySince_ms = now_ms;
        yield { kind: 'away', code: error.code };
      } else if (now_ms - awaySince_ms > (options.patience_ms ?? patience_ms)) {
        throw unreachable(api.url, error);
      }
      failures += 1;
      await wait(backoff_ms(failures), signal);
    }
  }
}

function openEvents(
  api: Api,
  jobId: string,
  streams: boolean,
  lastEventId: string,
  signal: AbortSignal,
): Promise<Answer> {
  if (!streams) return api.exchange('GET', `/v1/jobs/${jobId}`, { signal });
  return api.exchange('GET', `/v1/jobs/${jobId}/events`, {
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId !== '' && { 'last-event-id': lastEventId }),
    },
    bodyTimeout_ms: silence_ms,
    signal,
  });
}

function kindOf(answer: Answer): 'stream' | 'job' | 'passing' | 'refused' {
  if (passingStatuses.has(answer.statusCode)) return 'passing';
  if (answer.statusCode >= 400) return 'refused';
  const type = String(answer.headers['content-type'] ?? '');
  return type.startsWith('text/event-stream') ? 'stream' : 'job';
}

async function readJob(api: Api, jobId: string, signal: AbortSignal): Promise<Job> {
  const answer = await api.exchange('GET', `/v1/jobs/${jobId}`, { signal });
  if (passingStatuses.has(answer.statusCode)) {
    await answer.body.dump();
    throw new ConnectionLost(`answer ${answer.statusCode}`, null);
  }
  const body = await readJson(answer, api.url);
  if (answer.statusCode >= 400) throw refusalOf(answer, body, api.url);
  return understood(jobSchema, body, api.url);
}

/** A body whose breaking off is a lost connection. */
async function* patiently(answer: Answer): AsyncGenerator<Uint8Array> {
  try {
    yield* answer.body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw lost(error);
  }
}

/** Null where it is no JSON: no job either, as whoever parses it says. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
