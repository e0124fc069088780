import { Buffer } from 'node:buffer';
import type { Account, TaskPhase, TaskStatus } from '@rollcall/domain';
import { z } from 'zod';
import { openAccountHttp } from './http.ts';
import { counter, isJsonObject, type JsonObject } from './json-answer.ts';
import { namesTask } from './names-task.ts';
import type { Provider, ProviderHooks } from './provider.ts';
import { downloadOwnFile, forbiddenDownload } from './result-url.ts';
import { readStatusAnswer, readStatusWord, readTaskId } from './status-answer.ts';
import { readSubmitAnswer, type SubmitContract } from './submit-answer.ts';
import { encodeMultipart, encodeNumberLines } from './upload-body.ts';

/** The words of the page. `rejected` is terminal, without a reason; `waittopay` is a task that waits for money. */
const phases: ReadonlyMap<string, TaskPhase> = new Map([
  ['new', 'queued'],
  ['inwork', 'running'],
  ['complete', 'ready'],
  ['rejected', 'rejected'],
  ['waittopay', 'awaiting_payment'],
]);

/** Nobody documents a limit of `ids`; 200 ids make a body of about 2 KB. */
const statusBatchSize = 200;

/** The page's sample has 36 characters. */
const longestHash = 1_024;

const task = z.object({
  status: z.string().min(1),
  total_phones: counter,
  filtered_phones: counter,
  hash: z.unknown().optional(),
});

/** The error shape of the page, the same for every operation. */
const ownError = z.object({
  name: z.string(),
  message: z.string(),
  code: z.int(),
  status: z.int(),
});

/** The two of the page: `Wrong data phones`, which names a field, and `Wrong data`. Its ids are digits, which no field has. */
const validationMessage = /^Wrong data(?: [a-z_]+)?$/i;

function isOwnError(body: JsonObject): boolean {
  return ownError.safeParse(body).success;
}

/** The page says `integer`; a string of the shape that all adapters take is understood too. */
function readId(value: unknown): string | null {
  if (typeof value !== 'number') return readTaskId(value);
  return Number.isSafeInteger(value) && value > 0 ? String(value) : null;
}

/** The page's hash is opaque, so any text is one that Postgres can keep and a URL can encode, up to a length. */
function readHash(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > longestHash) return null;
  return value.isWellFormed() && !/\p{Cc}/u.test(value) ? value : null;
}

/** The status of one task; `complete` without a usable hash has no file to fetch yet, and is polled on. */
function readTask(body: JsonObject): TaskStatus | null {
  const parsed = task.safeParse(body);
  if (!parsed.success) return null;
  const { status, total_phones, filtered_phones } = parsed.data;
  const { word, phase } = readStatusWord(status, phases);
  const hash = phase === 'ready' ? readHash(parsed.data.hash) : null;
  return {
    word,
    phase: phase === 'ready' && hash === null ? 'ready_pending' : phase,
    total: total_phones,
    success: null,
    failure: null,
    filtered: filtered_phones,
    locator: hash === null ? null : { kind: 'hash', hash },
    actual: null,
  };
}

/** `data` as an array, as an object keyed by anything, or as one task alone; matched on `id`, only what was asked for. */
function readTasks(
  body: JsonObject,
  askedFor: readonly string[],
): ReadonlyMap<string, TaskStatus> | null {
  const { data } = body;
  if (body.success !== true || typeof data !== 'object' || data === null) return null;
  const isOneTask = isJsonObject(data) && readId(data.id) !== null;
  const tasks = new Map<string, TaskStatus>();
  for (const entry of isOneTask ? [data] : Object.values(data)) {
    if (!isJsonObject(entry)) continue;
    const id = readId(entry.id);
    const status = readTask(entry);
    if (id !== null && status !== null && askedFor.includes(id)) tasks.set(id, status);
  }
  return tasks;
}

const contract: SubmitContract = {
  accept(body) {
    if (body.success !== true) return 'not_success';
    if (!isJsonObject(body.data)) return 'no_task_id';
    const taskId = readId(body.data.id);
    return taskId === null
      ? 'no_task_id'
      : { taskId, status: readTask(body.data), estimated: null };
  },
  /** The page says nothing of charges: only its validation error, in its own shape and words, is taken as free. */
  refuse(answer, body) {
    const parsed = ownError.safeParse(body);
    if (answer.httpStatus !== 400 || !parsed.success || parsed.data.status !== 400) return null;
    if (!validationMessage.test(parsed.data.message) || body === null || namesTask(body)) {
      return null;
    }
    return { refusal: 'caller_fault', message: parsed.data.message, limit: null };
  },
};

/** `webcom`: msg.webcom.mobi, number checking. */
export function webcom(account: Account, key: string, hooks?: ProviderHooks): Provider {
  const http = openAccountHttp(account, hooks);
  const auth = { authorization: `Bearer ${key}` };

  return {
    account,
    statusBatchSize,

    async submit({ taskType, numbers, reference, stillMine }, signal) {
      // The order and the empty `phones` are those of the page's Python sample.
      const { contentType, body } = encodeMultipart([
        { name: 'name', value: reference },
        { name: 'type', value: taskType },
        { name: 'phones', value: '' },
        { name: 'phones_file', fileName: 'numbers.txt', bytes: encodeNumberLines(numbers) },
      ]);
      const headers = { ...auth, 'content-type': contentType };
      const answer = await http.upload(
        { operation: 'submit', method: 'POST', path: '/api/checking/create', headers, body },
        stillMine,
        signal,
      );
      return readSubmitAnswer(answer, contract, key);
    },

    async status(taskIds, signal) {
      // Urlencoded JSON text (`ids=%5B5980%5D`), as the page's Python sample really sends it, not the multipart it names.
      const ids = taskIds.map((id) => (/^[1-9]\d{0,17}$/.test(id) ? id : JSON.stringify(id)));
      const body = Buffer.from(new URLSearchParams({ ids: `[${ids.join(',')}]` }).toString());
      const headers = { ...auth, 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await http.control(
        { operation: 'status', method: 'POST', path: '/api/checking/get-status', headers, body },
        signal,
      );
      return readStatusAnswer(answer, key, (found) => readTasks(found, taskIds), isOwnError);
    },

    // Its ids only count.
    taskMadeAt_ms: () => null,

    async download(locator, write, signal) {
      if (locator.kind !== 'hash') return forbiddenDownload('not_a_hash');
      // Dots survive URL encoding and would climb out of the path.
      if (/^\.{1,2}$/.test(locator.hash)) return forbiddenDownload('not_a_hash');
      const path = `/api/checking/get-file/${encodeURIComponent(locator.hash)}`;
      return downloadOwnFile(account, key, path, auth, write, hooks, signal);
    },

    balance: async () => ({ kind: 'not_offered' }),
    close: () => http.close(),
  };
}
