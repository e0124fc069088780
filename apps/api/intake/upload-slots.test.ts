import { expect, test } from 'vitest';
import { UploadSlots } from './upload-slots.ts';

const taken = { kind: 'taken' };
const refused = (words: string) => ({
  kind: 'refused',
  code: 'too_many_uploads',
  detail: expect.stringContaining(words),
});
const ofKey = refused('(ROLLCALL_UPLOADS_AT_ONCE_PER_KEY)');
const ofTenant = refused('half of the 8 that this process reads at once');
const ofAll = refused('This process reads 8 uploads at once (ROLLCALL_UPLOADS_AT_ONCE)');

test('a key has its own share of the places, its tenant half of them, and all together no more than there are', () => {
  const slots = new UploadSlots({ atOnceMax: 8, atOncePerKeyMax: 3 });
  const first = [slots.take(1, 'a'), slots.take(1, 'a'), slots.take(1, 'a')];
  expect(first).toMatchObject([taken, taken, taken]);
  expect(slots.take(1, 'a')).toEqual(ofKey);
  expect(slots.take(1, 'b')).toMatchObject(taken);
  expect([slots.take(1, 'b'), slots.take(1, 'c')]).toEqual([ofTenant, ofTenant]);

  const others = ['d', 'd', 'e', 'e'].map((key) => slots.take(2, key));
  expect(others).toMatchObject([taken, taken, taken, taken]);
  expect([slots.take(2, 'd'), slots.take(3, 'f')]).toEqual([ofTenant, ofAll]);

  for (const slot of first) if (slot.kind === 'taken') slot.free();
  expect(slots.take(3, 'f')).toMatchObject(taken);
  expect([slots.take(1, 'a'), slots.take(1, 'a')]).toMatchObject([taken, taken]);
  expect(slots.take(1, 'a')).toEqual(ofAll);
});
