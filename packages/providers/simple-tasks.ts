import type { Account, TaskPhase } from '@rollcall/domain';
import { openAccountHttp } from './http.ts';
import type { Provider, ProviderHooks } from './provider.ts';
import { downloadResultUrl } from './result-url.ts';
import { readStatusAnswer } from './status-answer.ts';
import { readSubmitAnswer } from './submit-answer.ts';
import { isTasksError, readTask, tasksSubmitContract } from './tasks-contract.ts';
import { encodeMultipart, encodeNumberLines, type MultipartPart } from './upload-body.ts';
import { xidTime_ms } from './xid-time.ts';

/** The words of the eKYCPro Facebook page. `completed` is processed but *not yet downloadable*; `failed` as in tasks-v1. */
const phases: ReadonlyMap<string, TaskPhase> = new Map([
  ['pending', 'queued'],
  ['processing', 'running'],
  ['completed', 'ready_pending'],
  ['exported', 'ready'],
  ['failed', 'failed'],
]);

/**
 * `simple-tasks`: eKYCPro Facebook. The service and tier are in the path (`/fb/api/simple`), so there is no task type on
 * the wire; the optional `user_id` is an account setting. No balance call is documented.
 */
export function simpleTasks(account: Account, key: string, hooks?: ProviderHooks): Provider {
  const http = openAccountHttp(account, hooks);
  const contract = tasksSubmitContract(phases);
  const auth = { 'x-api-key': key };
  const tasksPath = `${account.pathPrefix ?? ''}/tasks`;
  const { userId } = account;

  return {
    account,
    statusBatchSize: 1,

    async submit({ numbers, stillMine }, signal) {
      const file = { name: 'file', fileName: 'numbers.txt', bytes: encodeNumberLines(numbers) };
      const user: MultipartPart[] = userId === null ? [] : [{ name: 'user_id', value: userId }];
      const { contentType, body } = encodeMultipart([...user, file]);
      const headers = { ...auth, 'content-type': contentType };
      const answer = await http.upload(
        { operation: 'submit', method: 'POST', path: tasksPath, headers, body },
        stillMine,
        signal,
      );
      return readSubmitAnswer(answer, contract, key);
    },

    async status([taskId = ''], signal) {
      const query = userId === null ? '' : `?user_id=${encodeURIComponent(userId)}`;
      const path = `${tasksPath}/${encodeURIComponent(taskId)}${query}`;
      const answer = await http.control(
        { operation: 'status', method: 'GET', path, headers: auth },
        signal,
      );
      const read = (found: Parameters<typeof readTask>[0]) => readTask(found, taskId, phases);
      return readStatusAnswer(answer, key, read, isTasksError);
    },

    taskMadeAt_ms: xidTime_ms,

    download: (locator, write, signal) =>
      downloadResultUrl(account, key, locator, write, hooks, signal),
    balance: async () => ({ kind: 'not_offered' }),
    close: () => http.close(),
  };
}
