import type {
  Account,
  CheckOffer,
  Evidence,
  Money,
  Polled,
  RefusalClass,
  SubmitAnswer,
  TaskStatus,
} from '@rollcall/domain';
import { numbersInChunk, uploadPrice } from './store.ts';
import type { AnswerName, PollName } from './world.ts';

/** The provider's answers in the adapters' words, and the account that they come from. */

export const offer: CheckOffer = {
  taskType: 'tg',
  minNumbers: 1,
  maxNumbers: 1_000,
  chunkSize: numbersInChunk,
  pricePerNumber: (uploadPrice / BigInt(numbersInChunk)) as Money,
  semantics: 'table',
  verdictColumns: [],
  verdictWords: {},
};

export const account: Account = {
  id: 'model',
  adapter: 'tasks-v1',
  baseUrl: 'https://provider.example',
  currency: 'USD',
  operatedBy: 'default',
  checks: { telegram: offer },
  pace: { requestsPerSecond: 5, uploadsInFlight: 2 },
  poll: { floor_ms: 1_000, ceiling_ms: 60_000, deadline_ms: 3_600_000 },
  upload_deadline_ms: 20_000,
  download_deadline_ms: 60_000,
  maxResultBytes: 1 << 20,
  resultHosts: [],
  allowInsecure: false,
  canary: 'off',
  semanticsConfirmed: true,
  dailyCap: null,
  monthlyCap: null,
  pathPrefix: null,
  userId: null,
};

export const evidence: Evidence = {
  operation: 'submit',
  startedAt_ms: 0,
  duration_ms: 1,
  headersSent: true,
  sentBody: null,
  httpStatus: 200,
  bodyExcerpt: null,
  rawBody: null,
  transportError: null,
};

export function answerOf(name: AnswerName, task: string): SubmitAnswer {
  switch (name) {
    case 'accepted':
    case 'accepted_again':
      return { kind: 'accepted', taskId: task, status: null, estimated: null, evidence };
    case 'lost':
      return { kind: 'unknown', reason: 'connection_lost', evidence };
    case 'not_sent':
      return { kind: 'not_sent', reason: 'ECONNREFUSED', evidence };
    default:
      return refusal(name);
  }
}

function refusal(name: RefusalClass): SubmitAnswer {
  return {
    kind: 'refused_free',
    refusal: name,
    message: name,
    limit: null,
    retryAfter_ms: null,
    evidence,
  };
}

const locator = { kind: 'url', url: 'https://provider.example/result' } as const;

export function polledOf(name: PollName): Polled {
  if (name === 'not_found') return { kind: 'not_found' };
  if (name === 'no_answer') return { kind: 'no_answer', retryAfter_ms: null };
  const status: TaskStatus = {
    word: name,
    phase: name === 'overdue' ? 'running' : name,
    total: numbersInChunk,
    success: null,
    failure: null,
    filtered: null,
    locator: name === 'ready' ? locator : null,
    actual: null,
  };
  return { kind: 'status', status };
}

/** How far an answer says that a task is; null: it says nothing. */
export function rankOf(name: PollName): number | null {
  switch (name) {
    case 'running':
    case 'overdue':
      return 0;
    case 'failed':
      return 1;
    case 'ready':
      return 2;
    default:
      return null;
  }
}
