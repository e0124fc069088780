import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { cutBodyNamesTask, namesTask } from './names-task.ts';

const id = 'cs9viu7i61pkfs4oavvg';

test.for([
  { error: 'x', task_id: id },
  { error: 'x', taskId: 7 },
  { error: 'x', taskIds: [] },
  { error: 'x', ID: '' },
  { error: 'x', data: {} },
  { error: 'x', detail: [{ task: false }] },
  { error: `task_${id}` },
  { error: 'x', detail: { seen: [`(${id.toUpperCase()})`] } },
  { error: 'x', [id]: 'created' },
])('a task is named in %j', (body) => {
  expect(namesTask(body)).toBe(true);
});

test.for([
  { error: 'task_not_found', message: 'Task not found' },
  { error: 'x', data: null, id: null, task: null },
  { error: 'x', message: `${id}x is longer than an id` },
  { error: 'x', message: 'valid identifiers only' },
  { error: 'x', request_id: '0190b6a8-5e0a-7cc2-9d4e-7a3f0c1b2d3e' },
])('no task is named in %j', (body) => {
  expect(namesTask(body)).toBe(false);
});

test('a task is found 100,000 levels deep', () => {
  const nested = (inner: string) =>
    JSON.parse(`{"error":${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}}`);
  expect(namesTask(nested('{"id":5980}'))).toBe(true);
  expect(namesTask(nested('{}'))).toBe(false);
});

test.for([
  ['', false],
  ['{"error":"bad_request","mess', false],
  ['{"error":"bad_request","message":"Ta', false],
  ['{"error":"x","task', true],
  ['{"error":"x","id":', true],
  ['{"error":"x","data":{', true],
  [`{"error":"x","message":"${id} was`, true],
  ['{"error":"x","message":"cs9vi', true],
] as const)('of the cut body %j it says %s', ([text, expected]) => {
  expect(cutBodyNamesTask(text)).toBe(expected);
});

test.for([
  ['1'.repeat(1_048_576), true],
  [`${'1'.repeat(1_048_576)}!`, false],
  [`${'1a'.repeat(524_288)}!`, false],
  ['1 a '.repeat(262_144), false],
] as const)('a cut body of a mebibyte is looked at once', ([text, expected]) => {
  // The timeout is there to end what would take an hour.
  const look = () => cutBodyNamesTask(text);
  expect(runInNewContext('look()', { look }, { timeout: 60_000 })).toBe(expected);
});
