import type { RefusalClass, TaskPhase, TaskStatus } from '@rollcall/domain';
import { z } from 'zod';
import type { HttpAnswer } from './http.ts';
import { amount, counter, type JsonObject, saysJson } from './json-answer.ts';
import { cutBodyNamesTask, namesTask } from './names-task.ts';
import { readResultUrl, readStatusWord, readTaskId } from './status-answer.ts';
import type { Refusal, SubmitContract } from './submit-answer.ts';

/** The bodies that `tasks-v1` and `simple-tasks` share: same vendor, same fields, same error shape. */
const taskBody = z.object({
  task_id: z.string(),
  status: z.string().min(1),
  total: counter,
  success: counter,
  failure: counter,
  result_url: z.unknown().optional(),
  estimated_amount: amount,
  actual_amount: amount,
});
type TaskBody = z.infer<typeof taskBody>;

const ownError = z
  .object({ error: z.string().optional(), message: z.string().optional() })
  .refine((body) => body.error !== undefined || body.message !== undefined);

/** Whether a body is the vendor's own `{error, message}`, either of which may be missing (seen by integrators). */
export function isTasksError(body: JsonObject): boolean {
  return ownError.safeParse(body).success;
}

/**
 * What the vendor says is free, and why each is here. Anything else is unknown, also 404, 413 and 429: they are
 * documented as answers, not as free.
 * - 400, 500: "free" in the status table of every seed page;
 * - 402: no balance, answered before billing, no task (vendor);
 * - 401: the same line of the vendor's documentation: the key is looked at before billing, no task.
 */
const freeStatuses: ReadonlyMap<number, RefusalClass> = new Map([
  [400, 'caller_fault'],
  [401, 'auth'],
  [402, 'no_money'],
  [500, 'transient'],
]);

/** The status of a task; `exported` without a usable URL is not downloadable yet, and is polled on. */
function taskStatus(body: TaskBody, phases: ReadonlyMap<string, TaskPhase>): TaskStatus {
  const { word, phase } = readStatusWord(body.status, phases);
  const url = phase === 'ready' ? readResultUrl(body.result_url) : null;
  return {
    word,
    phase: phase === 'ready' && url === null ? 'ready_pending' : phase,
    total: body.total,
    success: body.success,
    failure: body.failure,
    filtered: null,
    locator: url === null ? null : { kind: 'url', url },
    actual: body.actual_amount,
  };
}

/** Reads the body of a status call for one task; null when it is not one. An answer about another task is no answer. */
export function readTask(
  body: JsonObject,
  askedFor: string,
  phases: ReadonlyMap<string, TaskPhase>,
): ReadonlyMap<string, TaskStatus> | null {
  const parsed = taskBody.safeParse(body);
  if (!parsed.success || readTaskId(parsed.data.task_id) === null) return null;
  return parsed.data.task_id === askedFor
    ? new Map([[askedFor, taskStatus(parsed.data, phases)]])
    : new Map();
}

export function tasksSubmitContract(phases: ReadonlyMap<string, TaskPhase>): SubmitContract {
  return {
    accept(body) {
      const taskId = readTaskId(body.task_id);
      if (taskId === null) return body.success === false ? 'not_success' : 'no_task_id';
      // Only `task_id` and `status` are required: the two create bodies share nothing else.
      const parsed = taskBody.safeParse(body);
      if (!parsed.success) return 'unreadable_answer';
      const estimated = parsed.data.estimated_amount;
      return { taskId, status: taskStatus(parsed.data, phases), estimated };
    },
    refuse: refuseFreely,
  };
}

function refuseFreely(answer: HttpAnswer, body: JsonObject | null): Refusal | null {
  const refusal = freeStatuses.get(answer.httpStatus ?? 0);
  if (refusal === undefined) return null;
  if (body === null) {
    // The upload was reset while the answer came in: complete headers with a listed code count (design §6), provided
    // that they announce the vendor's JSON and that what came of the body does not speak of a task.
    const isLost = !answer.bodyComplete && saysJson(answer.headers);
    if (!isLost || cutBodyNamesTask(answer.body.toString('latin1'))) return null;
    return { refusal, message: null, limit: null };
  }
  // A proxy's page is not the vendor's word, and an answer that names a task is never free.
  if (!isTasksError(body) || namesTask(body)) return null;
  const text = [body.error, body.message].filter((part) => typeof part === 'string').join(': ');
  if (answer.httpStatus === 400 && /batch[ _]size/i.test(text)) {
    return { refusal: 'batch_size', message: text, limit: readLimit(text) };
  }
  return { refusal, message: text, limit: null };
}

const wholeNumber = String.raw`(\d{1,3}(?:[, _]\d{3})+|\d{1,9})(?!\d)`;
const bounds = [
  { bound: 'min', words: String.raw`\bmin(?:imum)?\b|at least|too (?:few|small)|less than|below` },
  {
    bound: 'max',
    words: String.raw`\bmax(?:imum)?\b|at most|too (?:many|large)|more than|exceeds?`,
  },
] as const;

/**
 * The limit that a refusal's text names: "minimum 500 numbers", "got 120, at least 500". The number is the one that
 * follows the bound's words, else the only one there; null where the text does not say which bound it is.
 */
export function readLimit(text: string): Refusal['limit'] {
  for (const { bound, words } of bounds) {
    if (!new RegExp(words, 'i').test(text)) continue;
    const following = new RegExp(`(?:${words})\\D{0,40}?${wholeNumber}`, 'i').exec(text)?.[1];
    const all = [...text.matchAll(new RegExp(wholeNumber, 'g'))];
    const found = following ?? (all.length === 1 ? all[0]?.[1] : undefined);
    return { bound, numbers: found === undefined ? null : Number(found.replace(/\D/g, '')) };
  }
  return null;
}
