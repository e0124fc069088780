import { expect, test } from 'vitest';
import { readLimit } from './tasks-contract.ts';

test.for([
  ['invalid_batch_size: Minimum batch size is 500, got 120', { bound: 'min', numbers: 500 }],
  ['got 120, at least 1,000 are needed', { bound: 'min', numbers: 1_000 }],
  ['batch too small (500)', { bound: 'min', numbers: 500 }],
  ['invalid_batch_size: maximum 10000000', { bound: 'max', numbers: 10_000_000 }],
  ['too many numbers', { bound: 'max', numbers: null }],
  ['120 of 500 is too few', { bound: 'min', numbers: null }],
  ['invalid_batch_size', null],
] as const)('%s', ([text, expected]) => {
  expect(readLimit(text)).toEqual(expected);
});
