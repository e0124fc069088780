import { readFile } from 'node:fs/promises';
import { refusalCodes } from '@rollcall/numbers';
import { expect, test } from 'vitest';
import { errorCatalogue } from './errors.ts';
import { errorsTable } from './testing/errors-table.ts';

/** A page's table rows as cells; the formatter pads them, and draws the line below the header. */
function cellsOf(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('| -') && !line.startsWith('|-'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
}

test('docs/errors.md shows the catalogue, each code once, word for word', async () => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  expect(cellsOf(page)).toEqual(cellsOf(errorsTable()));
});

test('every reason for which an upload can be refused is a code of the catalogue', () => {
  expect(Object.keys(errorCatalogue)).toEqual(expect.arrayContaining([...refusalCodes]));
});

test('statuses ascend, so that the table reads by status', () => {
  const statuses = Object.values(errorCatalogue).map(({ status }) => status);
  expect(statuses).toEqual([...statuses].sort((left, right) => left - right));
});
