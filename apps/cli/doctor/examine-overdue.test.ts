import { expect, test } from 'vitest';
import { overdueOf } from './examine-overdue.ts';

test('work that is due for minutes is found by stage and account, and what is taken in time is not', () => {
  const text = [
    '# TYPE rollcall_oldest_due_seconds gauge',
    'rollcall_oldest_due_seconds{stage="plan"} 0',
    'rollcall_oldest_due_seconds{stage="submit",account="ekycpro"} 3700.5',
    'rollcall_oldest_due_seconds{stage="poll",account="webcom"} 59',
    'rollcall_due_rows{stage="submit",account="ekycpro"} 9000',
  ].join('\n');
  expect(overdueOf(text).map(({ kind, what }) => [kind, what.split(':')[0]])).toEqual([
    ['overdue', 'submit at ekycpro'],
  ]);
});
