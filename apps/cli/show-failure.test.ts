import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { CommandFailed } from './command-failed.ts';
import { showFailure } from './show-failure.ts';

function shown(failure: CommandFailed, json = false): string {
  const stream = new PassThrough();
  showFailure(stream, failure, json);
  return String(stream.read());
}

const problem = {
  type: 'urn:rollcall:error:x',
  title: 'Some fields are wrong',
  status: 422,
  code: 'invalid_request',
  detail: 'Correct what `errors` names.',
  instance: 'urn:uuid:01929d3e-8c00-7a31-9f5c-0242ac120002',
  errors: [{ in: 'query' as const, pointer: '/requested_by', message: 'is required' }],
};

test('a refusal says what, which flag, what to do, and how the log names it', () => {
  expect(shown(new CommandFailed('refused', problem, ['Try this.']))).toBe(
    [
      'rollcall: Some fields are wrong.',
      '  --requested-by: is required',
      '  Try this.',
      '  (422 invalid_request, request 01929d3e-8c00-7a31-9f5c-0242ac120002)',
      '',
    ].join('\n'),
  );
});

test('as JSON it is the problem itself with the exit code', () => {
  const json = JSON.parse(shown(new CommandFailed('refused', problem), true));
  expect(json).toEqual({ ...problem, exit_code: 3 });
});

test('figures of a refusal are said in words', () => {
  const counts = {
    minimum: 500,
    lines: 9,
    accepted: 6,
    duplicates: 1,
    rejected: 2,
    reject_reasons: { too_short: 2 },
  };
  const retry = { numbers: 10, may_be_paid: 4, cost: '0.005', currency: 'USD' };
  const text = shown(new CommandFailed('refused', { ...problem, counts, retry, line: 7 }));
  for (const part of [
    'at least 500',
    'too_short: 2',
    'line 7',
    'Asking 10 numbers again costs 0.005 USD, and 4 of them were paid for',
    '--cost-ceiling 0.005',
  ]) {
    expect(text).toContain(part);
  }
});

test('a text of the API cannot command the terminal', () => {
  expect(shown(new CommandFailed('refused', { ...problem, detail: 'a\u001b[2Jb' }))).toContain(
    'a\\u001b[2Jb',
  );
});

test.each([
  ['max_cost_too_low', '--max-cost'],
  ['cost_ceiling_too_low', '--cost-ceiling'],
])('%s names the flag that was too low', (code, flag) => {
  const money = { currency: 'USD', cost: '2', max_cost: '1' };
  expect(shown(new CommandFailed('refused', { ...problem, code, money }))).toContain(
    `It would cost 2 USD; ${flag} is 1 USD.`,
  );
});
