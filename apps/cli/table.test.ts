import { expect, test } from 'vitest';
import { jobHeadings, jobLessImportant } from './job-view.ts';
import { renderTable } from './table.ts';

const rows = [
  ['id', 'numbers', 'name'],
  ['job_1', '1,000', 'spring list of the north'],
  ['job_22', '5', 'x'],
];
const id = 'job_01929d3e-8c00-7a31-9f5c-0242ac120002';
const jobs = [
  jobHeadings,
  // prettier-ignore
  [
    id,
    'completed_with_errors',
    'telegram',
    'checknumber',
    '60,001',
    '100.0%',
    '0',
    '12',
    '30.0005 USD',
    '2024-08-01 09:30:00Z',
    'spring list of the north',
  ],
];

test('on a terminal columns are aligned, figures to the right, and the last one ends with the line', () => {
  expect(renderTable(rows, { aligned: true, columns: 30 }).lines).toEqual([
    'id      numbers  name',
    'job_1     1,000  spring list …',
    'job_22        5  x',
  ]);
});

test.each([80, 110, 140, 200])(
  'at %i columns a line holds every job whole, with what matters most, and says what it does without',
  (columns) => {
    const { lines, leftOut } = renderTable(jobs, {
      aligned: true,
      columns,
      lessImportant: jobLessImportant,
    });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    for (const cell of [id, 'completed_with_errors', '100.0%']) expect(lines[1]).toContain(cell);
    for (const heading of jobHeadings) {
      expect(leftOut.includes(heading)).toBe(!lines[0]?.includes(heading));
    }
    expect(jobHeadings).toEqual(expect.arrayContaining(jobLessImportant));
  },
);

test('where not even that has room, each row becomes a record', () => {
  const layout = { aligned: true, columns: 50, lessImportant: jobLessImportant };
  const { lines, leftOut, hasHead } = renderTable(jobs, layout);
  expect([leftOut, hasHead]).toEqual([[], false]);
  expect(lines.slice(0, 2)).toEqual([`id       ${id}`, 'state    completed_with_errors']);
});

test('rows that go on below leave out what those above did', () => {
  const { lines } = renderTable(rows, { aligned: true, columns: 80, without: ['numbers'] });
  expect(lines[2]).toBe('job_22  x');
});

test('elsewhere they are tab-separated and whole, figures without commas', () => {
  const layout = { aligned: false, columns: 10, lessImportant: ['name'] };
  expect(renderTable(rows, layout).lines).toEqual([
    'id\tnumbers\tname',
    'job_1\t1000\tspring list of the north',
    'job_22\t5\tx',
  ]);
});

test('a cell cannot command the terminal, nor break the columns', () => {
  const hostile = [['raw'], ['\u001b[2Jgone\u009b1m\tand\n\u202eover']];
  expect(renderTable(hostile, { aligned: false, columns: 80 }).lines).toEqual([
    'raw',
    '\\u001b[2Jgone\\u009b1m\\tand\\n\\u202eover',
  ]);
});
