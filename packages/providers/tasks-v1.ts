import type { Account, BalanceAnswer, TaskPhase } from '@rollcall/domain';
import { evidenceOf } from './evidence.ts';
import { type HttpAnswer, openAccountHttp } from './http.ts';
import { currency, decimalText, readJsonObject } from './json-answer.ts';
import type { Provider, ProviderHooks } from './provider.ts';
import { downloadResultUrl } from './result-url.ts';
import { readStatusAnswer } from './status-answer.ts';
import { readSubmitAnswer } from './submit-answer.ts';
import { isTasksError, readTask, tasksSubmitContract } from './tasks-contract.ts';
import { encodeMultipart, encodeNumberLines } from './upload-body.ts';
import { xidTime_ms } from './xid-time.ts';

/** The words of the eKYCPro and checknumber.ai pages, and `failed` from the vendor's own documentation. */
const phases: ReadonlyMap<string, TaskPhase> = new Map([
  ['pending', 'queued'],
  ['processing', 'running'],
  ['exported', 'ready'],
  ['failed', 'failed'],
]);

/** `tasks-v1`: eKYCPro and checknumber.ai, one contract under two base URLs. */
export function tasksV1(account: Account, key: string, hooks?: ProviderHooks): Provider {
  const http = openAccountHttp(account, hooks);
  const contract = tasksSubmitContract(phases);
  const auth = { 'x-api-key': key };

  return {
    account,
    statusBatchSize: 1,

    async submit({ taskType, numbers, stillMine }, signal) {
      const { contentType, body } = encodeMultipart([
        { name: 'file', fileName: 'numbers.txt', bytes: encodeNumberLines(numbers) },
        { name: 'task_type', value: taskType },
      ]);
      const headers = { ...auth, 'content-type': contentType };
      const answer = await http.upload(
        { operation: 'submit', method: 'POST', path: '/v1/tasks', headers, body },
        stillMine,
        signal,
      );
      return readSubmitAnswer(answer, contract, key);
    },

    async status([taskId = ''], signal) {
      const { contentType, body } = encodeMultipart([{ name: 'task_id', value: taskId }]);
      const headers = { ...auth, 'content-type': contentType };
      const answer = await http.control(
        { operation: 'status', method: 'POST', path: '/v1/gettasks', headers, body },
        signal,
      );
      const read = (found: Parameters<typeof readTask>[0]) => readTask(found, taskId, phases);
      return readStatusAnswer(answer, key, read, isTasksError);
    },

    taskMadeAt_ms: xidTime_ms,

    download: (locator, write, signal) =>
      downloadResultUrl(account, key, locator, write, hooks, signal),

    async balance(signal) {
      const answer = await http.control(
        { operation: 'balance', method: 'GET', path: '/v1/balance', headers: auth },
        signal,
      );
      return readBalance(answer, key);
    },

    close: () => http.close(),
  };
}

/** `balance` is a number (vendor); some write it as text. eKYCPro adds `credit`, `daily_limit` and more, which we leave. */
function readBalance(answer: HttpAnswer, key: string): BalanceAnswer {
  const body = answer.httpStatus === 200 ? readJsonObject(answer.body) : null;
  const amount = decimalText(body?.balance);
  if (body !== null && amount !== null) {
    const evidence = evidenceOf(answer, key, false);
    return { kind: 'balance', amount, currency: currency.parse(body.currency), evidence };
  }
  const failure = answer.httpStatus === 401 ? 'auth' : 'transient';
  return { kind: 'failed', failure, evidence: evidenceOf(answer, key, true) };
}
