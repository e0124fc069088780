import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonSplitter } from './json-splitter.ts';

const enough = 1_000_000;

function split(text: string, cuts: readonly number[]) {
  const bytes = Buffer.from(text);
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  const splitter = new JsonSplitter(enough);
  let inside = '';
  let from = 0;
  for (const to of places) {
    inside += splitter.feed(bytes.subarray(from, to)).toString('latin1');
    from = to;
  }
  return { splitter, inside: Buffer.from(inside, 'latin1').toString() };
}

const values = fc.jsonValue({ maxDepth: 4 });
const fields = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), values), { maxLength: 6 })
  .map((pairs) => pairs.filter(([name]) => name !== 'numbers' && name !== '__proto__'))
  .map((pairs) => [...new Map(pairs)]);
const spaces = fc.constantFrom(undefined, 1, '\t');

test('whatever stands around it and wherever it is cut, the array comes out, and the rest stays whole', () => {
  fc.assert(
    fc.property(
      fields,
      fields,
      fc.array(values),
      spaces,
      fc.array(fc.nat(), { maxLength: 8 }),
      (before, after, numbers, space, cuts) => {
        const behind = after.filter(([name]) => !before.some(([other]) => other === name));
        const text = JSON.stringify(
          Object.fromEntries([...before, ['numbers', numbers], ...behind]),
          null,
          space,
        );
        const { splitter, inside } = split(text, cuts);
        expect(JSON.parse(inside)).toEqual(JSON.parse(JSON.stringify(numbers)));
        const whole = JSON.parse(text) as Record<string, unknown>;
        expect(splitter.fields()).toEqual({ ...whole, numbers: null });
        expect(splitter.numbers).toBe('after');
        const names = Object.keys(whole);
        expect(Object.keys(splitter.fieldsBefore() as object)).toEqual(
          names.slice(0, names.indexOf('numbers') + 1),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['a text under the key', '{"numbers":"[1]"}'],
  ['the key deeper down', '{"a":{"numbers":[1]}}'],
  ['the key as a value', '{"a":"numbers","b":[1]}'],
  ['the key in an array', '["numbers",[1]]'],
  ['a longer key', '{"numbers2":[1],"xnumbers":[2]}'],
])('%s is no array of numbers', (_what, text) => {
  for (let cut = 0; cut <= text.length; cut += 1) {
    const { splitter, inside } = split(text, [cut]);
    expect([splitter.numbers, inside]).toEqual(['before', '']);
    expect(splitter.fields()).toEqual(JSON.parse(text));
  }
});

test('arrays nested 100,000 deep cost no stack', () => {
  const numbers = '['.repeat(100_000) + ']'.repeat(100_000);
  const { splitter, inside } = split(`{"numbers":${numbers},"check":"x"}`, []);
  expect(inside).toBe(numbers);
  expect(splitter.fields()).toEqual({ numbers: null, check: 'x' });
});

test('fields over the limit are not kept', () => {
  const splitter = new JsonSplitter(10);
  splitter.feed(Buffer.from('{"a":"0123456789"'));
  expect(splitter.tooLarge).toBe(true);
  expect(splitter.fields()).toBe(undefined);
});

const escaped = Array.from(
  'numbers',
  (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
).join('');

test.each([
  ['as it is', '{"numbers":[1],"numbers":[2]}'],
  ['with a letter as an escape', '{"numbers":[1],"\\u006eumbers":[2]}'],
  ['with all of them as escapes', `{"${escaped}":[1],"numbers":[2]}`],
  ['with escapes both times', `{"${escaped}":[1],"n\\u0075mbers":[2]}`],
  ['over something else than an array', '{"numbers":[1],"numbers":null}'],
  ['over an array, when it stood over something else', '{"numbers":"+447911123456","numbers":[1]}'],
])('the key a second time, %s, is noticed', (_what, text) => {
  for (let cut = 0; cut <= text.length; cut += 1) {
    expect(split(text, [cut]).splitter.twice).toBe(true);
  }
});

test('the key with all of its letters as escapes is the key, and a longer one is none', () => {
  const { splitter, inside } = split(`{"${escaped}":[1],"${escaped}\\u0073":[2]}`, []);
  expect([inside, splitter.numbers, splitter.twice]).toEqual(['[1]', 'after', false]);
});
