import type { SubmitCase } from './case.ts';

const unknown = (reason: 'unreadable_answer' | 'no_task_id' | 'not_success') =>
  ({ kind: 'unknown', reason }) as const;
const notListed = { kind: 'unknown', reason: 'status_not_listed_as_free' } as const;

/** What `tasks-v1` and `simple-tasks` answer alike: same vendor, same bodies, same list of what is free. */
export const tasksSubmitCases: readonly SubmitCase[] = [
  {
    name: '200 without a task id',
    httpStatus: 200,
    fixture: 'created-no-id.json',
    expected: unknown('no_task_id'),
  },
  {
    name: '200 with an empty task id',
    httpStatus: 200,
    fixture: 'created-empty-id.json',
    expected: unknown('no_task_id'),
  },
  {
    name: '200 with a number as task id',
    httpStatus: 200,
    fixture: 'created-id-as-number.json',
    expected: unknown('no_task_id'),
  },
  {
    name: '200 with a task id of 300 characters',
    httpStatus: 200,
    fixture: 'created-id-too-long.json',
    expected: unknown('no_task_id'),
  },
  {
    name: '200 with a path in the task id',
    httpStatus: 200,
    fixture: 'created-id-with-path.json',
    expected: unknown('no_task_id'),
  },
  {
    name: '200 without a status',
    httpStatus: 200,
    fixture: 'created-no-status.json',
    expected: unknown('unreadable_answer'),
  },
  {
    name: '200 with success: false',
    httpStatus: 200,
    fixture: 'created-success-false.json',
    expected: unknown('not_success'),
  },
  {
    name: '200 with truncated JSON',
    httpStatus: 200,
    fixture: 'created-truncated.json',
    expected: unknown('unreadable_answer'),
  },
  {
    name: '200 with a list',
    httpStatus: 200,
    fixture: 'created-list.json',
    expected: unknown('unreadable_answer'),
  },
  {
    name: '200 with a login page',
    httpStatus: 200,
    fixture: 'login-page.html',
    expected: unknown('unreadable_answer'),
  },
  {
    name: '200 with an empty body',
    httpStatus: 200,
    fixture: null,
    expected: unknown('unreadable_answer'),
  },
  {
    name: '400 in its own shape',
    httpStatus: 400,
    fixture: 'error-invalid-parameters.json',
    expected: {
      kind: 'refused_free',
      refusal: 'caller_fault',
      message: 'invalid_request: Invalid task type',
      limit: null,
    },
  },
  {
    name: '400 with a message alone',
    httpStatus: 400,
    fixture: 'error-message-only.json',
    expected: { kind: 'refused_free', refusal: 'caller_fault' },
  },
  {
    name: '400 about a batch that is too small',
    httpStatus: 400,
    fixture: 'error-batch-size.json',
    expected: {
      kind: 'refused_free',
      refusal: 'batch_size',
      limit: { bound: 'min', numbers: 500 },
    },
  },
  {
    name: '400 about a batch that is too big',
    httpStatus: 400,
    fixture: 'error-batch-size-too-big.json',
    expected: {
      kind: 'refused_free',
      refusal: 'batch_size',
      limit: { bound: 'max', numbers: 10_000_000 },
    },
  },
  {
    name: '400 that echoes numbers and the key',
    httpStatus: 400,
    fixture: 'error-echoes-number-and-key.json',
    expected: { kind: 'refused_free', refusal: 'caller_fault' },
  },
  {
    name: "400 with a proxy's page",
    httpStatus: 400,
    fixture: 'proxy-page.html',
    expected: notListed,
  },
  { name: '400 with an empty body', httpStatus: 400, fixture: null, expected: notListed },
  {
    name: '401 in its own shape',
    httpStatus: 401,
    fixture: 'error-unauthorized.json',
    expected: { kind: 'refused_free', refusal: 'auth' },
  },
  {
    name: '402 in its own shape',
    httpStatus: 402,
    fixture: 'error-no-balance.json',
    expected: { kind: 'refused_free', refusal: 'no_money' },
  },
  {
    name: '500 in its own shape',
    httpStatus: 500,
    fixture: 'error-internal.json',
    expected: { kind: 'refused_free', refusal: 'transient', retryAfter_ms: null },
  },
  {
    name: '500 in its own shape with Retry-After',
    httpStatus: 500,
    fixture: 'error-internal.json',
    headers: { 'retry-after': '7' },
    expected: { kind: 'refused_free', refusal: 'transient', retryAfter_ms: 7_000 },
  },
  // Their own words under a code that their page does not call free.
  ...[408, 409, 502, 503, 504].map(
    (httpStatus): SubmitCase => ({
      name: `${httpStatus} in its own shape`,
      httpStatus,
      fixture: 'error-internal.json',
      expected: notListed,
    }),
  ),
  ...[400, 402, 500].map(
    (httpStatus): SubmitCase => ({
      name: `${httpStatus} as JSON of another shape`,
      httpStatus,
      fixture: 'error-of-another-shape.json',
      expected: notListed,
    }),
  ),
  {
    name: "500 with a proxy's page",
    httpStatus: 500,
    fixture: 'proxy-page.html',
    expected: notListed,
  },
  {
    name: '500 that holds a task id',
    httpStatus: 500,
    fixture: 'error-internal-with-task-id.json',
    expected: notListed,
  },
  {
    name: '500 whose message names a task',
    httpStatus: 500,
    fixture: 'error-names-task-in-message.json',
    expected: notListed,
  },
  {
    name: '400 about a task that exists already, by its id',
    httpStatus: 400,
    fixture: 'error-duplicate-with-id.json',
    expected: notListed,
  },
  {
    name: '400 that holds a task in its data',
    httpStatus: 400,
    fixture: 'error-with-task-in-data.json',
    expected: notListed,
  },
  {
    name: '400 that is a created task',
    httpStatus: 400,
    fixture: 'created-no-status.json',
    expected: notListed,
  },
  { name: '404', httpStatus: 404, fixture: 'error-not-found.json', expected: notListed },
  {
    name: '429 with Retry-After',
    httpStatus: 429,
    fixture: 'error-rate-limited.json',
    headers: { 'retry-after': '30' },
    expected: notListed,
  },
  {
    name: '429 that echoes a number and the key',
    httpStatus: 429,
    fixture: 'error-rate-limited-echoes-key.json',
    expected: notListed,
  },
];
