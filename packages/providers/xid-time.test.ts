import { expect, test } from 'vitest';
import { xidTime_ms } from './xid-time.ts';

test('an xid tells the second in which its task was made', () => {
  // The example of rs/xid's own page is of 2011, before these vendors.
  expect(xidTime_ms('9m4e2mr0ui3e8a215n4g')).toBeNull();
  // 1722983616 s, and 1 s later.
  expect(xidTime_ms('cqpa9g00000000000000')).toBe(1_722_983_616_000);
  expect(xidTime_ms('cqpa9g80000000000000')).toBe(1_722_983_617_000);
});

test.each(['5980', '', 'cqpa9g0000000000000', 'CQPA9G00000000000000', 'x'.repeat(20)])(
  'the id %j tells nothing',
  (taskId) => {
    expect(xidTime_ms(taskId)).toBeNull();
  },
);
