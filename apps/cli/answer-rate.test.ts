import { expect, test } from 'vitest';
import { AnswerRate } from './answer-rate.ts';

test('the rate is of the last minute, and unknown before two looks differ', () => {
  const rate = new AnswerRate();
  rate.see(0, 0);
  expect(rate.perSecond()).toBeNull();
  rate.see(0, 5_000);
  expect(rate.perSecond()).toBeNull();
  rate.see(1_000, 10_000);
  expect(rate.perSecond()).toBe(100);
  rate.see(1_000, 50_000);
  rate.see(2_000, 90_000);
  expect(rate.perSecond()).toBe(12.5);
});
