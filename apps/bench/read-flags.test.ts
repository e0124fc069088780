import { expect, test } from 'vitest';
import { benches } from './benches.ts';
import { readFlags, usage } from './read-flags.ts';

const names = ['pipeline', 'intake'];

test('without flags every bench runs once, as large as its bar says, for people', () => {
  expect(readFlags([], names)).toEqual({ only: null, numbers: undefined, runs: 1, json: false });
});

test('flags are read, behind the -- that pnpm may pass on', () => {
  const given = ['--', '--only', 'intake, pipeline', '--numbers', '5000', '--runs', '5', '--json'];
  expect(readFlags(given, names)).toEqual({
    only: ['intake', 'pipeline'],
    numbers: 5_000,
    runs: 5,
    json: true,
  });
});

test.each([
  [['--only', 'pipelin'], /--only: there is no bench "pipelin"; write some of pipeline, intake/],
  [['--only', ''], /--only: there is no bench ""/],
  [['--numbers', '1e6'], /--numbers: write a whole number/],
  [['--numbers', '99'], /--numbers: write a whole number/],
  [['--numbers', '-5'], /numbers/],
  [['--runs', '0'], /--runs: write a whole number/],
  [['--runs', '101'], /--runs: write a whole number/],
  [['--jsonn'], /--jsonn/],
  [['intake'], /intake/],
])('%j is refused, with a word of what to write', (given, problem) => {
  expect(readFlags(given, names)).toEqual({ problem: expect.stringMatching(problem) });
});

test('--help is known, with every flag and every bench on its page', () => {
  expect(readFlags(['--help'], names)).toEqual({ help: true });
  expect(readFlags(['-h'], names)).toEqual({ help: true });
  const page = usage(benches);
  for (const flag of Object.keys(readFlags([], names)))
    expect(page).toMatch(new RegExp(`^  --${flag}\\b`, 'm'));
  for (const { name } of benches) expect(page).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
});
