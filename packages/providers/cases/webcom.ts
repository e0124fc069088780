import { anySubmitCases } from './any-submit.ts';
import type { ConformanceCases, StatusCase, SubmitCase } from './case.ts';
import { failedStatusCases } from './failed-status.ts';

const id = '5980';
const notListed = { kind: 'unknown', reason: 'status_not_listed_as_free' } as const;

function created(name: string, fixture: string, expected: SubmitCase['expected']): SubmitCase {
  return { name: `200 ${name}`, httpStatus: 200, fixture, expected };
}

function told(
  name: string,
  fixture: string,
  task: Extract<StatusCase['expected'], { kind: 'answered' }>['tasks'][string],
): StatusCase {
  const expected = { kind: 'answered', tasks: { [id]: task } } as const;
  return { name, httpStatus: 200, fixture, taskIds: [id], expected };
}

const noTaskId = { kind: 'unknown', reason: 'no_task_id' } as const;
const unreadable = { kind: 'unknown', reason: 'unreadable_answer' } as const;
const notSuccess = { kind: 'unknown', reason: 'not_success' } as const;

export const webcomCases: ConformanceCases = {
  created: 'created.json',
  free: { httpStatus: 400, fixture: 'error-wrong-phones.json' },
  submit: [
    created("and the page's body", 'created.json', { kind: 'accepted', taskId: id }),
    created('and a body behind a byte order mark', 'created-with-byte-order-mark.json', {
      kind: 'accepted',
      taskId: id,
    }),
    created('with the id as text', 'created-id-as-text.json', { kind: 'accepted', taskId: id }),
    created('and a task that waits for payment', 'created-waits-for-payment.json', {
      kind: 'accepted',
      taskId: id,
    }),
    created('with success: false, whatever it holds', 'created-success-false.json', notSuccess),
    created('without success', 'created-no-success.json', notSuccess),
    created('without an id', 'created-no-id.json', noTaskId),
    created('without data', 'created-no-data.json', noTaskId),
    created('with an id of 300 digits', 'created-id-too-long.json', noTaskId),
    created('with a negative id', 'created-id-negative.json', noTaskId),
    created('with truncated JSON', 'created-truncated.json', unreadable),
    created('with a login page', 'login-page.html', unreadable),
    { name: '200 with an empty body', httpStatus: 200, fixture: null, expected: unreadable },
    {
      name: '400 in its own shape',
      httpStatus: 400,
      fixture: 'error-wrong-phones.json',
      expected: { kind: 'refused_free', refusal: 'caller_fault', message: 'Wrong data phones' },
    },
    {
      name: '400 that blames no field',
      httpStatus: 400,
      fixture: 'error-wrong-data.json',
      expected: { kind: 'refused_free', refusal: 'caller_fault', message: 'Wrong data' },
    },
    {
      name: '400 that is not its validation error, but says that a task was made',
      httpStatus: 400,
      fixture: 'error-created-with-errors.json',
      expected: notListed,
    },
    {
      name: '400 that begins like its validation error and names a task',
      httpStatus: 400,
      fixture: 'error-wrong-data-names-task.json',
      expected: notListed,
    },
    {
      name: '400 in its own shape that holds an id',
      httpStatus: 400,
      fixture: 'error-wrong-phones-with-id.json',
      expected: notListed,
    },
    {
      name: '400 in another shape',
      httpStatus: 400,
      fixture: 'error-not-its-own-shape.json',
      expected: notListed,
    },
    { name: '401', httpStatus: 401, fixture: 'error-unauthorized.json', expected: notListed },
    { name: '402', httpStatus: 402, fixture: 'error-payment-required.json', expected: notListed },
    { name: '429', httpStatus: 429, fixture: 'error-rate-limited.json', expected: notListed },
    {
      name: '429 that echoes a number and the key',
      httpStatus: 429,
      fixture: 'error-rate-limited-echoes-key.json',
      expected: notListed,
    },
    {
      name: '500 in its own shape',
      httpStatus: 500,
      fixture: 'error-internal.json',
      expected: notListed,
    },
    ...anySubmitCases,
  ],
  status: [
    told('new', 'status-new.json', { word: 'new', phase: 'queued', total: 2049, locator: null }),
    told('inwork', 'status-in-work.json', { phase: 'running', filtered: 311, locator: null }),
    told('complete', 'status-complete.json', {
      phase: 'ready',
      filtered: 1024,
      locator: { kind: 'hash', hash: 'gIn3meHo-uLVE-11pG-Mksm-20ff33d54cc9' },
    }),
    told('complete without a hash yet', 'status-complete-without-hash.json', {
      word: 'complete',
      phase: 'ready_pending',
      locator: null,
    }),
    told('complete and a hash that a URL must escape', 'status-complete-hash-to-encode.json', {
      phase: 'ready',
      locator: { kind: 'hash', hash: 'aé b+/=%' },
    }),
    told('complete and a hash with a control character', 'status-complete-hash-with-control.json', {
      phase: 'ready_pending',
      locator: null,
    }),
    told('complete and a hash that is no text', 'status-complete-hash-broken.json', {
      phase: 'ready_pending',
      locator: null,
    }),
    told('rejected', 'status-rejected.json', { phase: 'rejected' }),
    told('waittopay', 'status-waits-for-payment.json', {
      word: 'waittopay',
      phase: 'awaiting_payment',
    }),
    told('a word that nobody knows', 'status-unknown-word.json', { phase: 'unrecognised' }),
    told('a counter beyond the total', 'status-counters-beyond-total.json', {
      total: 2049,
      filtered: 2050,
    }),
    told('data as an object keyed by id', 'status-keyed-by-id.json', { phase: 'running' }),
    told('one task alone', 'status-one-task-alone.json', { phase: 'running', filtered: 7 }),
    {
      name: 'data keyed by anything, with a task that nobody asked for and one missing',
      httpStatus: 200,
      fixture: 'status-keyed-by-anything.json',
      taskIds: [id, '6001'],
      expected: { kind: 'answered', tasks: { [id]: { phase: 'running' } } },
    },
    {
      name: 'no task',
      httpStatus: 200,
      fixture: 'status-of-no-task.json',
      taskIds: [id],
      expected: { kind: 'answered', tasks: {} },
    },
    {
      name: 'success: false',
      httpStatus: 200,
      fixture: 'status-success-false.json',
      taskIds: [id],
      expected: { kind: 'failed', failure: 'unreadable_answer' },
    },
    {
      name: '402',
      httpStatus: 402,
      fixture: 'error-payment-required.json',
      taskIds: [id],
      expected: { kind: 'failed', failure: 'no_money' },
    },
    ...failedStatusCases(id),
  ],
};
