import { describe, expect, test } from 'vitest';
import { scrub } from './evidence.ts';

describe('scrub', () => {
  test.for([
    ['+12025550123 is not valid', '<number> is not valid'],
    ['12025550123', '<digits>'],
    ['1234567', '<digits>'],
    ['123456', '123456'],
    ['call +1 (202) 555-0123 now', 'call <number> now'],
    ['+1.202.555.0123', '<number>'],
    ['2024-10-19T18:24:56Z', '2024-10-19T18:24:56Z'],
    ['line\nnext\ttab', 'line\nnext\ttab'],
    ['a\u0000b\u001b[31mc\u0085', 'a\ufffdb\ufffd[31mc\ufffd'],
    ['\ud800', '\ufffd'],
  ])('makes %j fit to keep', ([text = '', expected]) => {
    expect(scrub(text, '')).toBe(expected);
  });

  test('masks the key wherever it stands', () => {
    expect(scrub('bad key s3cr3t: s3cr3t', 's3cr3t')).toBe('bad key <key>: <key>');
  });

  test('leaves no half of a number at its end', () => {
    expect(scrub(`${'x'.repeat(1_995)}+12025550123`, '')).not.toMatch(/\d/);
  });
});
