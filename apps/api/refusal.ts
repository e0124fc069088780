import type { Problem } from '@rollcall/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorCatalogue } from './errors.ts';

/** Why a request is refused, as a value. `detail` never holds a value of the request. */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  /** The catalogue's advice when absent. */
  readonly detail?: string | undefined;
  readonly errors?: Problem['errors'];
  readonly counts?: Problem['counts'];
  readonly money?: Problem['money'];
  readonly retry?: Problem['retry'];
  readonly line?: number | undefined;
  /** Seconds after which the same may be asked again, where that is known. */
  readonly retryAfter_s?: number;
}

export function refuse(code: ErrorCode, more: Omit<Refusal, 'kind' | 'code'> = {}): Refusal {
  return { kind: 'refused', code, ...more };
}

/** The problem document (RFC 9457) of a refusal; `requestId` is a UUID. */
export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { status, title, advice } = errorCatalogue[refusal.code];
  return {
    type: `urn:rollcall:error:${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail: refusal.detail ?? advice,
    instance: `urn:uuid:${requestId}`,
    ...(refusal.errors && { errors: refusal.errors }),
    ...(refusal.counts && { counts: refusal.counts }),
    ...(refusal.money && { money: refusal.money }),
    ...(refusal.retry && { retry: refusal.retry }),
    ...(refusal.line !== undefined && { line: refusal.line }),
  };
}

/** Answers with a refusal, and tells the request log its code. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal) {
  const problem = problemOf(refusal, request.id);
  request.refusedAs = refusal.code;
  // For what never came to the hooks: a path that cannot be decoded.
  void reply.header('x-request-id', request.id);
  if (refusal.retryAfter_s !== undefined) void reply.header('retry-after', refusal.retryAfter_s);
  const isPassing = problem.status === 429 || problem.status === 503;
  if (isPassing && !reply.hasHeader('retry-after')) void reply.header('retry-after', '2');
  return reply.code(problem.status).type('application/problem+json').send(problem);
}
