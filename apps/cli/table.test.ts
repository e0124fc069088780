import { expect, test } from 'vitest';
import { renderTable } from './table.ts';

const rows = [
  ['id', 'numbers', 'name'],
  ['job_1', '1,000', 'spring list of the north'],
  ['job_22', '5', 'x'],
];

test('on a terminal columns are aligned, figures to the right, and the last one ends with the line', () => {
  expect(renderTable(rows, { aligned: true, columns: 30 })).toEqual([
    'id      numbers  name',
    'job_1     1,000  spring list …',
    'job_22        5  x',
  ]);
});

test('elsewhere they are tab-separated and whole, figures without commas', () => {
  expect(renderTable(rows, { aligned: false, columns: 10 })).toEqual([
    'id\tnumbers\tname',
    'job_1\t1000\tspring list of the north',
    'job_22\t5\tx',
  ]);
});

test('a cell cannot command the terminal, nor break the columns', () => {
  const hostile = [['raw'], ['\u001b[2Jgone\u009b1m\tand\n\u202eover']];
  expect(renderTable(hostile, { aligned: false, columns: 80 })).toEqual([
    'raw',
    '\\u001b[2Jgone\\u009b1m\\tand\\n\\u202eover',
  ]);
});
