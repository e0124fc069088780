import type { RefusalClass, SubmitAnswer, UnknownReason } from '@rollcall/domain';
import { evidenceOf, scrub } from './evidence.ts';
import type { HttpAnswer } from './http.ts';
import { type JsonObject, readJsonObject, retryAfter_ms } from './json-answer.ts';

export type Acceptance = Pick<
  Extract<SubmitAnswer, { kind: 'accepted' }>,
  'taskId' | 'status' | 'estimated'
>;

export type Refusal = {
  readonly refusal: RefusalClass;
  readonly message: string | null;
  readonly limit: { readonly bound: 'min' | 'max'; readonly numbers: number | null } | null;
};

/** What one contract knows of the answer to an upload. The order of judgement is the same for all, below. */
export interface SubmitContract {
  /** Reads the JSON object of a 2xx; a reason where it does not prove that a task was made. */
  accept(body: JsonObject): Acceptance | UnknownReason;
  /**
   * Reads any other status; null unless the contract lists it as free. `body` is null where it was not a JSON object, or
   * was lost: `answer.bodyComplete` tells which.
   */
  refuse(answer: HttpAnswer, body: JsonObject | null): Refusal | null;
}

const silence = new Set([
  'total_deadline',
  'aborted',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/**
 * Judges one upload. Free is only what is proved: nothing left this process, or the contract lists the answer as free.
 * Everything else is `unknown`, with the bytes, and is held for a person (design §6).
 */
export function readSubmitAnswer(
  answer: HttpAnswer,
  contract: SubmitContract,
  key: string,
): SubmitAnswer {
  const unknown = (reason: UnknownReason): SubmitAnswer => ({
    kind: 'unknown',
    reason,
    evidence: evidenceOf(answer, key, true),
  });
  const lost = silence.has(answer.transportError ?? '') ? 'no_answer' : 'connection_lost';

  if (answer.httpStatus === null) {
    if (answer.headersSent) return unknown(lost);
    const evidence = evidenceOf(answer, key, false);
    return { kind: 'not_sent', reason: answer.transportError ?? 'not_sent', evidence };
  }

  const body = readJsonObject(answer.body);
  if (answer.httpStatus >= 200 && answer.httpStatus < 300) {
    if (body === null) {
      const cut = !answer.bodyComplete && answer.transportError !== 'answer_too_large';
      return unknown(cut ? lost : 'unreadable_answer');
    }
    const accepted = contract.accept(body);
    if (typeof accepted === 'string') return unknown(accepted);
    return { kind: 'accepted', ...accepted, evidence: evidenceOf(answer, key, false) };
  }

  const refused = contract.refuse(answer, body);
  if (refused === null) return unknown('status_not_listed_as_free');
  return {
    kind: 'refused_free',
    ...refused,
    message: refused.message === null ? null : scrub(refused.message, key, 500),
    retryAfter_ms: retryAfter_ms(answer.headers, Date.now()),
    evidence: evidenceOf(answer, key, false),
  };
}
