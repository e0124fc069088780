import type { StatusAnswer, TaskPhase, TaskStatus } from '@rollcall/domain';
import { evidenceOf, scrub } from './evidence.ts';
import type { HttpAnswer } from './http.ts';
import { type JsonObject, readJsonObject, retryAfter_ms } from './json-answer.ts';
import { longestUrl } from './safe-fetch.ts';

const longestWord = 64;

/** A provider's status word and what its closed map says of it; a word outside the map is `unrecognised`, never guessed. */
export function readStatusWord(
  word: string,
  phases: ReadonlyMap<string, TaskPhase>,
): { readonly word: string; readonly phase: TaskPhase } {
  return { word: scrub(word, '', longestWord), phase: phases.get(word) ?? 'unrecognised' };
}

/** A result's URL from outside: printable ASCII without spaces, bounded; null for anything else. */
export function readResultUrl(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > longestUrl) return null;
  return /^[\x21-\x7e]+$/.test(value) ? value : null;
}

/**
 * A task id from outside: a string of at most 128 letters, digits, `_` and `-`, so that it is safe in a path, a log and
 * a column; null for anything else.
 */
export function readTaskId(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value) ? value : null;
}

/** Judges one status call. `read` gives the tasks of a 200, or null where the body is not what the contract says. */
export function readStatusAnswer(
  answer: HttpAnswer,
  key: string,
  read: (body: JsonObject) => ReadonlyMap<string, TaskStatus> | null,
  isOwnError: (body: JsonObject) => boolean,
): StatusAnswer {
  const body = readJsonObject(answer.body);
  if (answer.httpStatus === 200) {
    const tasks = body === null ? null : read(body);
    if (tasks !== null) {
      return { kind: 'answered', tasks, evidence: evidenceOf(answer, key, false) };
    }
  }
  if (answer.httpStatus === 404 && body !== null && isOwnError(body)) {
    return { kind: 'not_found', evidence: evidenceOf(answer, key, false) };
  }
  return {
    kind: 'failed',
    failure: failureOf(answer, body !== null),
    retryAfter_ms: retryAfter_ms(answer.headers, Date.now()),
    evidence: evidenceOf(answer, key, true),
  };
}

function failureOf(
  answer: HttpAnswer,
  isJson: boolean,
): Extract<StatusAnswer, { kind: 'failed' }>['failure'] {
  switch (answer.httpStatus) {
    case 200:
      return answer.bodyComplete ? 'unreadable_answer' : 'transient';
    case 401:
      return 'auth';
    case 402:
      return 'no_money';
    case 403:
      // A firewall in front of the provider answers 403 in HTML; that says nothing of our key.
      return isJson ? 'auth' : 'transient';
    case 429:
      return 'rate_limited';
    default:
      return 'transient';
  }
}
