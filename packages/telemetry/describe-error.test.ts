import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { describeError } from './describe-error.ts';

test('the code of a cause stands for an error that has none', () => {
  const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  expect(describeError(new RangeError('upload failed', { cause }))).toMatchObject({
    error_code: 'ECONNRESET',
    error_class: 'RangeError',
    error_message: 'upload failed ← reset',
  });
});

test('an error without a code is unexpected, and says where it was thrown', () => {
  const described = describeError(new Error('boom'));
  expect(described).toMatchObject({ error_code: 'unexpected', error_class: 'Error' });
  expect(described.error_stack).toMatch(/^at .*describe-error\.test\.ts:\d+:\d+/);
  expect(described.error_stack).not.toContain('boom');
});

test('a refused connection keeps its address readable', async () => {
  const error = await new Promise<unknown>((resolve) => {
    connect(1, '127.0.0.1').once('error', resolve);
  });
  expect(describeError(error)).toMatchObject({
    error_code: 'ECONNREFUSED',
    error_message: 'connect ECONNREFUSED 127.0.0.1:1',
  });
});

test.each([
  ['text', 'string was thrown'],
  [null, 'null was thrown'],
  [{ message: 'like an error' }, 'object was thrown'],
])('what is no error is named by its type alone: %s', (thrown, message) => {
  expect(describeError(thrown)).toEqual({
    error_code: 'unexpected',
    error_class: 'NotAnError',
    error_message: message,
  });
});

test('causes in a circle, and very long messages, come to an end', () => {
  const error = new Error('a'.repeat(100_000));
  error.cause = error;
  expect(describeError(error).error_message.length).toBeLessThanOrEqual(1_000);
});
