import { expect, test } from 'vitest';
import { renderTable } from './render-table.ts';

test('words are set left, figures right, under their headings', () => {
  const rows = [
    ['check', 'lines', 'cost'],
    ['viber', '20618', '16.00'],
    ['telegram', '7', '0.50'],
  ];
  expect(renderTable(rows, '')).toBe(
    [
      'check    lines  cost',
      '──────── ───── ─────',
      'viber    20618 16.00',
      'telegram     7  0.50',
    ].join('\n'),
  );
});
