import { expect, test } from 'vitest';
import { asAmzDate, parseAmzDate, withMilliseconds, withNanoseconds } from './timestamps.ts';

const atMs = Date.parse('2025-11-21T08:27:09.933Z');

test('the pages’ forms of time: three digits, or up to nine without trailing zeros', () => {
  expect(withMilliseconds(atMs)).toBe('2025-11-21T08:27:09.933Z');
  for (let step = 0; step < 2_000; step += 1) {
    const text = withNanoseconds(atMs + step);
    expect(text).toMatch(/^2025-11-21T08:27:\d\d(\.\d{0,8}[1-9])?Z$/);
    expect(Math.abs(Date.parse(text) - (atMs + step))).toBeLessThan(1);
  }
});

test('dates of presigned URLs round to the second and read back', () => {
  expect(asAmzDate(atMs)).toBe('20251121T082709Z');
  expect(parseAmzDate('20251121T082709Z')).toBe(Date.parse('2025-11-21T08:27:09Z'));
  expect(parseAmzDate('2025-11-21')).toBeUndefined();
});
