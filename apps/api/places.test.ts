import { expect, test } from 'vitest';
import { Places } from './places.ts';

test('one tenant takes half of the places, with however many keys, and leaves the other half', () => {
  const places = new Places(5);
  expect(places.ofTenantMax).toBe(3);
  const mine = [1, 2, 3].map(() => places.take(1));
  expect(mine).not.toContain(null);
  expect([places.take(1), places.hasShare(1)]).toEqual([null, true]);

  expect([places.take(2), places.take(2)]).not.toContain(null);
  // All are taken, and not by this tenant alone.
  expect([places.take(2), places.hasShare(2)]).toEqual([null, false]);
  expect([places.take(3), places.hasShare(3)]).toEqual([null, false]);

  mine[0]?.();
  expect(places.take(3)).not.toBeNull();
  expect([places.take(1), places.hasShare(1)]).toEqual([null, false]);
});

test('a place that is given back twice is free once', () => {
  const places = new Places(2);
  const release = places.take(1);
  release?.();
  release?.();
  expect([places.take(1), places.take(1)]).toEqual([expect.any(Function), null]);
});

test('a single place is for whoever comes first', () => {
  const places = new Places(1);
  const release = places.take(1);
  expect(places.take(2)).toBeNull();
  release?.();
  expect(places.take(2)).not.toBeNull();
});
