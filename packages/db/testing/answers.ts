import type { Evidence, SubmitAnswer, SubmitResult, TaskStatus } from '@rollcall/domain';

/** What providers answer and what the stages decide of it, for tests that only name what differs. */

export const evidence: Evidence = {
  operation: 'submit',
  startedAt_ms: Date.UTC(2026, 0, 2),
  duration_ms: 12.5,
  headersSent: true,
  sentBody: null,
  httpStatus: 200,
  bodyExcerpt: '{}',
  rawBody: null,
  transportError: null,
};

export function acceptance(taskId: string): SubmitAnswer {
  return { kind: 'accepted', taskId, status: null, estimated: null, evidence };
}
export const lost: SubmitAnswer = { kind: 'unknown', reason: 'connection_lost', evidence };
export const notSent: SubmitAnswer = { kind: 'not_sent', reason: 'ECONNREFUSED', evidence };
export const refused: SubmitAnswer = {
  kind: 'refused_free',
  refusal: 'transient',
  message: 'not now',
  limit: null,
  retryAfter_ms: null,
  evidence: { ...evidence, httpStatus: 500 },
};

/** A time that is over, and one that is far off, in Unix ms. */
export const past_ms = Date.UTC(2026, 0, 1);
export const future_ms = Date.UTC(2100, 0, 1);

export const accepted: SubmitResult = { kind: 'accepted', due_ms: past_ms, deadline_ms: future_ms };
export const retry: SubmitResult = { kind: 'retry', due_ms: past_ms, reason: 'not now' };
export const heldUnknown: SubmitResult = {
  kind: 'held',
  reason: 'connection_lost',
  keyRefused: false,
};

export const ready: TaskStatus = {
  word: 'exported',
  phase: 'ready',
  total: null,
  success: null,
  failure: null,
  filtered: null,
  locator: { kind: 'url', url: 'https://acme.example/result' },
  actual: null,
};
