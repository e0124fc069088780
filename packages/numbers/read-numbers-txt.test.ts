import { describe, expect, test } from 'vitest';
import { a, b, c, numbersOf, read, rejectsOf } from './read-for-tests.ts';

describe('a txt upload', () => {
  test('is sorted, without duplicates, and every line is accounted for', async () => {
    await using intake = await read(`+${b}\n+${a}\n00${a}\nnonsense\n\n+${c}\n`);
    expect(intake.format).toBe('txt');
    expect(await numbersOf(intake)).toEqual([c, a, b]);
    expect([intake.lines, intake.accepted, intake.duplicates, intake.rejected]).toEqual([
      5, 3, 1, 1,
    ]);
    expect(await rejectsOf(intake)).toEqual([{ line: 4, reason: 'not_a_number', raw: 'nonsense' }]);
  });

  test('ends its lines with CR, LF or both, mixed, the last one with nothing', async () => {
    await using intake = await read(`+${a}\r\n+${b}\r+${c}\n\r\n\r\n x \r+${a}`);
    expect(intake.lines).toBe(5);
    expect(await numbersOf(intake)).toEqual([c, a, b]);
    expect((await rejectsOf(intake)).map((reject) => reject.line)).toEqual([4]);
  });

  test('may begin with a byte order mark and hold Latin-1 bytes', async () => {
    const latin = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(`+${a}\nJos\u00e9\n+${b}\u00a0\n`, 'latin1'),
    ]);
    await using intake = await read(latin);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect(await rejectsOf(intake)).toEqual([{ line: 2, reason: 'not_a_number', raw: 'José' }]);
  });

  test('keeps rejects that Postgres can store: long text cut', async () => {
    await using intake = await read(`${'é'.repeat(300)}\n${'x'.repeat(200)}\n`);
    const [long, exact] = await rejectsOf(intake);
    expect(long?.raw).toBe(`${'é'.repeat(199)}…`);
    expect(exact?.raw).toBe('x'.repeat(200));
  });

  test('has no header when it is called txt, even if a line says "phone"', async () => {
    await using intake = await read(`phone\n+${a}\n`, { format: 'txt' });
    expect([intake.lines, intake.rejected]).toEqual([2, 1]);
  });
});
