import { expect, test } from 'vitest';
import { droppedColumns, specialCategories } from './special-categories.ts';

test('what describes a person is dropped, and what an account wants is not', () => {
  expect(droppedColumns([])).toEqual(
    expect.arrayContaining(['age', 'gender', 'skin', 'ethnicity', 'avatar']),
  );
  expect(droppedColumns(['avatar'])).not.toContain('avatar');
  expect(droppedColumns(['avatar'])).toContain('age');
  expect(droppedColumns(specialCategories)).toEqual([]);
});
