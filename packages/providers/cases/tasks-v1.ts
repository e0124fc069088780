import { anySubmitCases } from './any-submit.ts';
import type { ConformanceCases, StatusCase } from './case.ts';
import { failedStatusCases } from './failed-status.ts';
import { tasksSubmitCases } from './tasks-submit.ts';

const id = 'd4g24nep2jvh04o9uoh0';
const url =
  'https://wapic.s3.ap-southeast-1.amazonaws.com/externalcheck/d4g24nep2jvh04o9uoh0/d4g24nep2jvh04o9uoh0.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256';

function told(
  name: string,
  fixture: string,
  task: Extract<StatusCase['expected'], { kind: 'answered' }>['tasks'][string],
): StatusCase {
  const expected = { kind: 'answered', tasks: { [id]: task } } as const;
  return { name, httpStatus: 200, fixture, taskIds: [id], expected };
}

export const tasksV1Cases: ConformanceCases = {
  created: 'created-with-message.json',
  free: { httpStatus: 400, fixture: 'error-invalid-parameters.json' },
  submit: [
    {
      name: '200 and the body with total 0 (Telegram page)',
      httpStatus: 200,
      fixture: 'created-total-zero.json',
      expected: { kind: 'accepted', taskId: 'cs9viu7i61pkfs4oavvg', estimated: null },
    },
    {
      name: '200 and the body with a message (CoinW page)',
      httpStatus: 200,
      fixture: 'created-with-message.json',
      expected: { kind: 'accepted', taskId: 'd4g8o46p2jvh04o9uolg', estimated: null },
    },
    {
      name: '202 and the body with a message',
      httpStatus: 202,
      fixture: 'created-with-message.json',
      expected: { kind: 'accepted', taskId: 'd4g8o46p2jvh04o9uolg' },
    },
    {
      name: '200 with an estimated amount',
      httpStatus: 200,
      fixture: 'created-with-estimated-amount.json',
      expected: { kind: 'accepted', estimated: { amount: '0.8196', currency: 'USD' } },
    },
    {
      name: '200 and a body behind a byte order mark',
      httpStatus: 200,
      fixture: 'created-with-byte-order-mark.json',
      expected: { kind: 'accepted', taskId: 'd4g8o46p2jvh04o9uolg' },
    },
    ...tasksSubmitCases,
    ...anySubmitCases,
  ],
  status: [
    told('pending', 'status-pending.json', { word: 'pending', phase: 'queued', success: 0 }),
    told('processing', 'status-processing.json', {
      word: 'processing',
      phase: 'running',
      total: 2049,
      success: 1024,
      failure: 0,
      filtered: null,
      locator: null,
    }),
    told('exported', 'status-exported.json', { phase: 'ready', locator: { kind: 'url', url } }),
    told('exported and an actual amount', 'status-exported-with-actual-amount.json', {
      phase: 'ready',
      actual: { amount: '0.8196', currency: 'USD' },
    }),
    told('exported without a URL yet', 'status-exported-without-url.json', {
      word: 'exported',
      phase: 'ready_pending',
      locator: null,
    }),
    told('failed', 'status-failed.json', { word: 'failed', phase: 'failed' }),
    told('a word that nobody knows', 'status-unknown-word.json', {
      word: 'archived',
      phase: 'unrecognised',
      locator: null,
    }),
    told('a word of 300 characters', 'status-word-of-300-characters.json', {
      word: 'x'.repeat(64),
      phase: 'unrecognised',
    }),
    told('counters beyond the total', 'status-counters-beyond-total.json', {
      phase: 'running',
      total: 20_000,
      success: 20_010,
    }),
    told('counters that are none', 'status-counters-are-odd.json', {
      phase: 'running',
      total: null,
      success: null,
      failure: null,
    }),
    {
      name: 'another task',
      httpStatus: 200,
      fixture: 'status-of-another-task.json',
      taskIds: [id],
      expected: { kind: 'answered', tasks: {} },
    },
    {
      name: 'no word',
      httpStatus: 200,
      fixture: 'status-no-word.json',
      taskIds: [id],
      expected: { kind: 'failed', failure: 'unreadable_answer' },
    },
    ...failedStatusCases(id),
  ],
};
