import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMultipart, encodeNumberLines } from './upload-body.ts';

const lines = (numbers: number[]) => encodeNumberLines(Float64Array.from(numbers)).toString('utf8');

describe('encodeNumberLines', () => {
  test('writes one +digits a line', () => {
    expect(lines([7, 12_025_550_123, 999_999_999_999_999])).toBe(
      '+7\n+12025550123\n+999999999999999\n',
    );
  });

  test('writes any number of 1 to 15 digits as its decimal', () => {
    const number = fc.integer({ min: 1, max: 999_999_999_999_999 });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1 }), (numbers) => {
        expect(lines(numbers)).toBe(numbers.map((one) => `+${one}\n`).join(''));
      }),
    );
  });

  test('writes zeros on both sides of the middle', () => {
    const powers = Array.from({ length: 15 }, (_, digits) => 10 ** digits);
    expect(lines(powers)).toBe(powers.map((one) => `+${one}\n`).join(''));
  });

  test.for([[[]], [[0]], [[-1]], [[1.5]], [[Number.NaN]], [[1e15]]])(
    'refuses %j before a byte leaves',
    ([numbers]) => {
      expect(() => lines(numbers ?? [])).toThrow(RangeError);
    },
  );
});

test('encodeMultipart separates its parts by a boundary that no part holds', () => {
  const { contentType, body } = encodeMultipart([
    { name: 'task_type', value: 'tg' },
    { name: 'file', fileName: 'numbers.txt', bytes: Buffer.from('+7\n') },
  ]);
  const boundary = contentType.replace('multipart/form-data; boundary=', '');
  expect(body.toString()).toBe(
    [
      `--${boundary}`,
      'Content-Disposition: form-data; name="task_type"',
      '',
      'tg',
      `--${boundary}`,
      'Content-Disposition: form-data; name="file"; filename="numbers.txt"',
      'Content-Type: text/plain',
      '',
      '+7\n',
      `--${boundary}--`,
      '',
    ].join('\r\n'),
  );
});
