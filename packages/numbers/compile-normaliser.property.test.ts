import fc from 'fast-check';
import { getCountries, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { expect, test } from 'vitest';
import { compileNormaliser } from './compile-normaliser.ts';
import { callingCodes, plansOfCallingCode } from './numbering-plan.ts';
import { compileCleanBytesReader, notClean } from './read-clean-bytes.ts';

// A failure prints this seed and the shrunk case; put the number here to replay it.
const seed = Date.now() & 0x7fffffff;
const runsPerShape = 17_000;

const regions = getCountries();
const plans = callingCodes.flatMap((code) => plansOfCallingCode(code));
const normalisers = new Map(
  [undefined, ...regions].map((region) => [region, compileNormaliser(region)] as const),
);
const cleanReaders = new Map(
  [undefined, ...regions].map((region) => [region, compileCleanBytesReader(region)] as const),
);

/** What libphonenumber-js itself says, asked the two questions that the normaliser promises to ask. */
function askLibrary(text: string, region: (typeof regions)[number] | undefined): number | 'no' {
  const asWritten = valid(text, region);
  if (asWritten !== 'no') return asWritten;
  const start = text.search(/[+\d]/);
  if (start < 0 || text[start] === '+') return 'no';
  return valid(`+${digitsFrom(text.slice(start)).replace(/^0[-./()\s~[\]]*0/, '')}`, undefined);
}

function valid(text: string, region: (typeof regions)[number] | undefined): number | 'no' {
  const parsed = parsePhoneNumberFromString(text, region);
  if (parsed === undefined || !parsed.isValid() || parsed.number.length > 16) return 'no';
  return Number(parsed.number.slice(1));
}

// What follows the last digit goes. Of digits and punctuation the digits count; the library judges whatever else stands between.
function digitsFrom(text: string): string {
  const number = text.replace(/[^\d#]+$/, '');
  return /^[\d \u00a0\u00ad\u2011\-/.()[\]]*$/.test(number) ? number.replace(/\D/g, '') : number;
}

function expectSameAsLibrary(text: string, region: (typeof regions)[number] | undefined): void {
  // The one documented difference: a spreadsheet's decimal zero is no digit of the number.
  fc.pre(!/\d{7,}\.0+\D*$/.test(text));
  const ours = normalisers.get(region)?.(text);
  expect(
    { text, region, answer: typeof ours === 'number' ? ours : 'no' },
    `normaliser said ${ours}`,
  ).toEqual({ text, region, answer: askLibrary(text, region) });
  // The hot path may leave a text open, but never gives another number.
  const bytes = Buffer.from(text);
  const clean = cleanReaders.get(region)?.(bytes, 0, bytes.length);
  if (clean !== notClean) expect({ text, region, clean }).toEqual({ text, region, clean: ours });
}

const someRegion = fc.option(fc.constantFrom(...regions), { nil: undefined });

/** A national number out of one of a plan's own ranges, so that most are valid. */
const someNumber = fc.constantFrom(...plans).chain((plan) =>
  fc
    .constantFrom(...plan.ranges.map((range) => range.source), plan.generalSource)
    .chain((source) => fc.stringMatching(new RegExp(`^(?:${source})$`)))
    .map((national) => ({ plan, national })),
);

const separator = fc.constantFrom('', '', '', ' ', '-', '.', ' (', ') ', '/', '\u00a0', '\u2011');

const spaced = (digits: string): fc.Arbitrary<string> =>
  fc.array(separator, { minLength: digits.length, maxLength: digits.length }).map((marks) =>
    digits
      .split('')
      .map((digit, at) => digit + (marks[at] ?? ''))
      .join(''),
  );

test('random valid numbers of every plan, written in every common way, are read as /max reads them', () => {
  const written = someNumber.chain(({ plan, national }) =>
    fc
      .record({
        prefix: fc.constantFrom('+', '+', '', '00', '011', '0', '8', '1', '(+', "'+", 'tel:+'),
        withCode: fc.boolean(),
        body: spaced(national),
        ending: fc.constantFrom('', '', '', ' ', ' x12', ' ext. 7', ';ext=33', ' (work)', '#'),
        region: fc.oneof(fc.constantFrom(plan.region), someRegion),
      })
      .map(({ prefix, withCode, body, ending, region }) => ({
        text: prefix + (withCode ? plan.callingCode : '') + body + ending,
        region: region as (typeof regions)[number] | undefined,
      })),
  );
  fc.assert(
    fc.property(written, ({ text, region }) => expectSameAsLibrary(text, region)),
    { seed, numRuns: runsPerShape },
  );
}, 120_000);

test('numbers with a digit lost, added or changed are judged as /max judges them', () => {
  const damaged = someNumber.chain(({ plan, national }) =>
    fc
      .record({
        at: fc.nat({ max: Math.max(0, national.length - 1) }),
        drop: fc.nat({ max: 1 }),
        insert: fc.stringMatching(/^\d{0,2}$/),
        plus: fc.constantFrom('+', '', '00'),
        withCode: fc.constantFrom(true, true, false),
        region: fc.oneof(fc.constantFrom(plan.region), someRegion),
      })
      .map(({ at, drop, insert, plus, withCode, region }) => ({
        text:
          plus +
          (withCode ? plan.callingCode : '') +
          national.slice(0, at) +
          insert +
          national.slice(at + drop),
        region: region as (typeof regions)[number] | undefined,
      })),
  );
  fc.assert(
    fc.property(damaged, ({ text, region }) => expectSameAsLibrary(text, region)),
    { seed, numRuns: runsPerShape },
  );
}, 120_000);

test('random digits after a calling code are judged as /max judges them', () => {
  const random = fc.record({
    plus: fc.constantFrom('+', '+', ''),
    code: fc.constantFrom(...callingCodes, '', '0', '999'),
    rest: fc.stringMatching(/^\d{0,16}$/),
    region: someRegion,
  });
  fc.assert(
    fc.property(random, ({ plus, code, rest, region }) =>
      expectSameAsLibrary(plus + code + rest, region),
    ),
    { seed, numRuns: runsPerShape },
  );
}, 120_000);

test('extensions, labels and signs in any order are read as /max reads them', () => {
  const part = fc.constantFrom(
    ...['1', '23', '456', '44791', '0', '+', ' ', '-', '.', ',', ';', ':', '#', '~', '(', ']', '/'],
    ...['x', 'X', 'ext', 'Ext.', 'extn', 'xt', 'extension', 'extensión', 'extensio\u0301n', 'int'],
    ...[
      'доб',
      'ДОБ',
      'anexo',
      'ｘ',
      'ｅｘｔ',
      'ｉｎｔ',
      '＃',
      '～',
      '\u2053',
      '\u00a0',
      '\t',
      'a',
      'e',
      'n',
    ],
    ...[';ext=', ';isub=', ';tel:', 'x12', ' ext. 7', ',,34', '- 503#', 'x1234567890', 'é', '!'],
  );
  const text = fc
    .record({
      start: fc.oneof(
        fc.constantFrom('', '+', 'tel:', '+447911123456', '447911123456', '0', '00'),
        someNumber.map(({ plan, national }) => `+${plan.callingCode}${national}`),
      ),
      parts: fc.array(part, { minLength: 1, maxLength: 6 }),
      region: someRegion,
    })
    .map(({ start, parts, region }) => ({ text: start + parts.join(''), region }));
  fc.assert(
    fc.property(text, (written) => {
      // What a spreadsheet makes of numbers is ours to tell (phone-text.ts); the library has no word on it.
      fc.pre(!/^\s*(?:[=@]|-[\d.])/.test(written.text));
      expectSameAsLibrary(written.text, written.region);
    }),
    { seed, numRuns: runsPerShape },
  );
}, 120_000);
