import { expect, test } from 'vitest';
import { inFlags } from './flag-words.ts';

test.each([
  ['Correct what `errors` names.', ''],
  [
    'Wait until it is closed, or add partial=true for what is there so far.',
    'Wait until it is closed, or give --partial for what is there so far.',
  ],
  [
    'Send `approval` with `why` and a `cost_ceiling` of at least 0.005, with a key that has the scope approvals:write.',
    'Give --approve WHY --cost-ceiling 0.005, with a key that has the scope approvals:write.',
  ],
  ['Raise `max_cost` or send fewer numbers.', 'Raise --max-cost or send fewer numbers.'],
  ['It costs 2 USD, and max_cost is 1 USD.', 'It costs 2 USD, and --max-cost is 1 USD.'],
  [
    'Raise `cost_ceiling` to what `money` says, or decide otherwise.',
    'Raise --cost-ceiling to what it would cost, or decide otherwise.',
  ],
  ['Name the column with `column`.', 'Name the column with --column.'],
  [
    'Ask the job that it began with for latest=true.',
    'Ask the job that it began with for --latest.',
  ],
  ['With erasure = true it is taken off.', 'With --erasure it is taken off.'],
  ['The check has no default account.', 'The check has no default account.'],
])('the API says %j, and the command line %j', (said, shown) => {
  expect(inFlags(said)).toBe(shown);
});
