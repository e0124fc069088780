import { expect, test } from 'vitest';
import { readFlags, usage } from './read-flags.ts';

test('--help is known, with every flag on its page', () => {
  expect(readFlags(['--help'])).toEqual({ help: true });
  expect(readFlags(['-h'])).toEqual({ help: true });
  for (const flag of Object.keys(readFlags([]))) {
    const written = flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(usage).toMatch(new RegExp(`^  --${written}\\b`, 'm'));
  }
});
