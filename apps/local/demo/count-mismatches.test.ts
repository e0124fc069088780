import { expect, test } from 'vitest';
import { countMismatches, type Row } from './count-mismatches.ts';

const truth = new Map([
  ['1', 'registered'],
  ['2', 'not_registered'],
  ['3', 'missing'],
]);
const right: Row[] = [...truth];

test.each<[string, Row[], number]>([
  ['every number has its right row', right, 0],
  ['a row is absent', right.slice(1), 1],
  ['a row came twice', [...right, ['1', 'registered']], 1],
  ['a row says something else', [['1', 'not_registered'], ...right.slice(1)], 1],
  ['a missing number is called not registered', [...right.slice(0, 2), ['3', 'not_registered']], 1],
  ['a row is for a number that nobody sent', [...right, ['4', 'registered']], 1],
  ['there are no rows', [], 3],
])('%s', (_, rows, mismatches) => {
  expect(countMismatches([...truth.keys()], truth, rows)).toBe(mismatches);
});
