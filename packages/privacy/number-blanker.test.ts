import { expect, test } from 'vitest';
import { NumberBlanker, spellingsOfNumber } from './number-blanker.ts';

const number = 447_911_123_456;

function blank(
  text: string,
  pieceLength = 1_000_000,
  options = {},
): { text: string; found: number } {
  const spellings = spellingsOfNumber(number, '44');
  const blanker = new NumberBlanker({ isErased: (digits) => spellings.has(digits), ...options });
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    pieces.push(Buffer.from(blanker.push(bytes.subarray(at, at + pieceLength))));
  }
  pieces.push(blanker.end());
  return { text: Buffer.concat(pieces).toString(), found: blanker.found };
}

const spellings = [
  '+447911123456',
  '447911123456',
  '00447911123456',
  '+44 7911 123 456',
  '+44 (0)7911 123456',
  '44-7911-123-456',
  '07911 123456',
  '7911123456',
  '447911123456.0',
  '4.47911123456E+11',
  '(44) 7911/123.456',
  '+44\u00a07911\u00a0123456',
  '+44\u20117911\u2013123456',
  '+44\u00a0\u00a07911\u3000123456',
  '+44\u200b7911\u00ad123456',
  '+44    7911    123456',
  '+44[7911]123456',
  '+４４７９１１１２３４５６',
  '٤٤٧٩١١١٢٣٤٥٦',
  '۴۴۷۹۱۱۱۲۳۴۵۶',
  '4.479111234560E11',
  '<t>+44791</t></r><r><rPr><b/><sz val="11"/></rPr><t>1123456</t>',
];

test.each(spellings)('%s is blanked, and as long as it was', (spelling) => {
  for (const around of ['%', 'a,%,b\n', '<v>%</v>', '"%"', '447911123457 %\n', '%;447911123457']) {
    const text = around.replace('%', spelling);
    const blanked = blank(text);
    expect(blanked.found, text).toBe(1);
    expect(Buffer.byteLength(blanked.text)).toBe(Buffer.byteLength(text));
    expect(blanked.text.normalize('NFKC').replaceAll(/\D/g, '')).not.toContain('7911123456');
    expect(blanked.text).not.toMatch(/[٤-٩۴-۹]/);
    if (around.includes('447911123457')) expect(blanked.text).toContain('447911123457');
  }
});

test('a power of ten behind the digits stands for zeros at the end', () => {
  const options = { isErased: (digits: string) => digits === '447911123450' };
  for (const text of ['<v>4.4791112345E11</v>', '4.4791112345e+11,x', '4.47911123450E11']) {
    const blanked = blank(text, 3, options);
    expect(blanked.found).toBe(1);
    expect(blanked.text).toContain('0.000000000');
  }
  for (const text of ['4.4791112345E10', '4.4791112345E12', '4.4791112345E111', '4.47911123451E11'])
    expect(blank(text, 1_000, options).found).toBe(0);
});

test('another number stays, however alike it is', () => {
  for (const other of [
    '447911123457',
    '+4479111234561',
    '1447911123456',
    '44791112345',
    '+17911123457',
  ]) {
    expect(blank(`x,${other},y`)).toEqual({ text: `x,${other},y`, found: 0 });
  }
});

test('where the pieces are cut makes no difference', () => {
  const text = spellings.map((spelling, at) => `${at},${spelling},447911123457\n`).join('');
  const whole = blank(text);
  expect(whole.found).toBe(spellings.length);
  for (let length = 1; length < 40; length += 1) expect(blank(text, length)).toEqual(whole);
});

test('JSON stays JSON', () => {
  const { text, found } = blank('[447911123456, "+447911123456", 447911123457]', 7, {
    isJson: true,
  });
  expect(found).toBe(2);
  expect(JSON.parse(text)).toEqual([0, '+000000000000', 447_911_123_457]);
});

test('a run of digits without an end costs no more than its length', () => {
  const text = '1 '.repeat(100_000);
  const started = performance.now();
  expect(blank(text).found).toBe(0);
  expect(performance.now() - started).toBeLessThan(20_000);
});
