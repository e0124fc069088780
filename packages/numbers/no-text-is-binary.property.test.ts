import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from './read-for-tests.ts';
import { readNumbers } from './read-numbers.ts';

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('no text is taken for another kind of file, whatever its letters and its encoding', async () => {
  const cell = fc
    .string({ unit: 'binary', maxLength: 20 })
    .map((text) => text.replaceAll('\0', ''));
  const upload = fc.record({
    lines: fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
    separator: fc.constantFrom(',', ';', '\t', '|'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    encoding: fc.constantFrom<BufferEncoding>('utf8', 'latin1'),
    mark: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(upload, async ({ lines, separator, end, encoding, mark }) => {
      const rows = [['name', 'phone'], ['Ada', '+447911123456'], ...lines];
      const text = rows.map((cells) => cells.join(separator)).join(end);
      // Latin-1 keeps a letter's low byte alone, which must not become a NUL of its own making.
      const bytes = Buffer.from(
        encoding === 'latin1' ? text.replaceAll(/[^\u0001-\u00ff]/g, '?') : text,
        encoding,
      );
      const whole =
        mark && encoding === 'utf8' ? Buffer.concat([Buffer.from('\ufeff'), bytes]) : bytes;
      const outcome = await readNumbers(once(whole), limits);
      if (outcome.kind === 'read') await outcome.intake.close();
      else expect(outcome.code).not.toBe('unsupported_format');
    }),
    { numRuns: 300 },
  );
});
