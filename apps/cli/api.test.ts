import { expect, test } from 'vitest';
import { type Answer, refusalOf } from './api.ts';

const refused = (status: number, code: string) => {
  const instance = 'urn:uuid:01929d3e-8c00-7a31-9f5c-0242ac120002';
  const problem = { type: 'urn:rollcall:error:x', title: 'X', status, code, detail: 'x', instance };
  return refusalOf({ statusCode: status } as Answer, problem, 'http://127.0.0.1:8080');
};

test('a Postgres that is away is what to bring back, and no other refusal says so', () => {
  const away = refused(503, 'database_unavailable');
  expect([away.ending, away.advice]).toEqual([
    'unreachable',
    [expect.stringContaining('docs/operations.md#postgres-gone')],
  ]);
  expect(refused(503, 'stopping').advice).toEqual([]);
  expect(refused(409, 'not_held').ending).toBe('refused');
});
