import { describe, expect, test } from 'vitest';
import { a, b, c, numbersOf, read, refused, rejectsOf } from './read-for-tests.ts';

describe('a JSON upload', () => {
  test('is an array of strings and whole numbers; other elements are rejects', async () => {
    await using intake = await read(
      JSON.stringify([
        `+${a}`,
        c,
        null,
        true,
        { phone: `+${b}` },
        [1, [2, { x: '"]' }]],
        '',
        -c,
        1.5,
      ]),
    );
    expect(intake.format).toBe('json');
    expect(await numbersOf(intake)).toEqual([c, a]);
    expect((await rejectsOf(intake)).map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'not_a_number'],
      [4, 'not_a_number'],
      [5, 'not_a_number'],
      [6, 'not_a_number'],
      [7, 'empty_cell'],
      [8, 'not_a_number'],
      [9, 'not_a_number'],
    ]);
  });

  test('may hold 1e400, lone surrogates, escapes and a number with a decimal zero', async () => {
    const text = String.raw`[1e400, "+447911123456\ud800", "\u002b447911123456", 447911123457.0, "\u0000+12133734253"]`;
    await using intake = await read(text);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect((await rejectsOf(intake)).map(({ line, raw }) => [line, raw])).toEqual([
      [1, '1e400'],
      [2, '+447911123456\ufffd'],
      [5, '\u2400+12133734253'],
    ]);
  });

  test('may be nested ten thousand deep without harm', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    await using intake = await read(`[${deep}, "+${a}"]`, { maxLineBytes: 65536 });
    expect([intake.accepted, intake.rejected]).toEqual([1, 1]);
    expect((await refused('['.repeat(10_000), { maxLineBytes: 65536 })).code).toBe('not_json');
  });

  test.each([
    ['{"numbers":[]}'],
    [`["+${a}"`],
    [`["+${a}",]`],
    [`["+${a}" "+${b}"]`],
    [`["+${a}"] x`],
    [`["+${a}]`],
    ['[01]'],
    ['[tru]'],
    ['[{"a":1,}]'],
    ['[{"a" 1}]'],
    ['[[1,2}]'],
    ['["\\x"]'],
    ['["\\u12g4"]'],
    ['["a\nb"]'],
    ['[,1]'],
    ['[.5]'],
    ['['],
  ])('that is broken is refused: %j', async (text) => {
    expect((await refused(text)).code).toBe('not_json');
  });

  test('of no element is empty', async () => {
    expect((await refused(' [ ] ')).code).toBe('empty');
  });
});
