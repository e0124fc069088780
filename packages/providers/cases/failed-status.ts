import type { StatusCase } from './case.ts';

/** What a status call may fail with; it costs nothing, so the stage simply polls on. */
export function failedStatusCases(taskId: string): readonly StatusCase[] {
  const taskIds = [taskId];
  return [
    {
      name: '404 in its own shape',
      httpStatus: 404,
      fixture: 'error-not-found.json',
      taskIds,
      expected: { kind: 'not_found' },
    },
    {
      name: "404 with a proxy's page",
      httpStatus: 404,
      fixture: 'proxy-page.html',
      taskIds,
      expected: { kind: 'failed', failure: 'transient' },
    },
    {
      name: '401',
      httpStatus: 401,
      fixture: 'error-unauthorized.json',
      taskIds,
      expected: { kind: 'failed', failure: 'auth' },
    },
    {
      name: "403 with a firewall's page",
      httpStatus: 403,
      fixture: 'login-page.html',
      taskIds,
      expected: { kind: 'failed', failure: 'transient' },
    },
    {
      name: '429 with Retry-After',
      httpStatus: 429,
      fixture: 'error-rate-limited.json',
      headers: { 'retry-after': '30' },
      taskIds,
      expected: { kind: 'failed', failure: 'rate_limited', retryAfter_ms: 30_000 },
    },
    {
      name: '429 that echoes a number and the key',
      httpStatus: 429,
      fixture: 'error-rate-limited-echoes-key.json',
      taskIds,
      expected: { kind: 'failed', failure: 'rate_limited' },
    },
    {
      name: '503',
      httpStatus: 503,
      fixture: 'proxy-page.html',
      taskIds,
      expected: { kind: 'failed', failure: 'transient' },
    },
    {
      name: '302',
      httpStatus: 302,
      fixture: null,
      headers: { location: '/elsewhere' },
      taskIds,
      expected: { kind: 'failed', failure: 'transient' },
    },
    {
      name: '200 with a login page',
      httpStatus: 200,
      fixture: 'login-page.html',
      taskIds,
      expected: { kind: 'failed', failure: 'unreadable_answer' },
    },
    {
      name: '200 with an empty body',
      httpStatus: 200,
      fixture: null,
      taskIds,
      expected: { kind: 'failed', failure: 'unreadable_answer' },
    },
  ];
}
