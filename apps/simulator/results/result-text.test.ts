import { describe, expect, test } from 'vitest';
import { jsonOf, keyOf, openGround, someNumbers } from '../testing/ground.ts';
import { type Truth, truthRule } from '../truth.ts';

describe('webcom’s text file', () => {
  const numbers = someNumbers(500);
  const truthOf = truthRule('telegram');
  const having = (...wanted: Truth[]) =>
    numbers.map((number) => number.slice(1)).filter((digits) => wanted.includes(truthOf(digits)));

  async function fileOf(semantics: string) {
    await using ground = await openGround();
    await ground.control('PATCH', 'accounts/webcom', { result_semantics: semantics });
    const { data } = await jsonOf(ground.create('webcom', numbers, 'Telegram_cheking'));
    const [entry] = (await jsonOf(ground.status('webcom', data.id))).data;
    const url = `${ground.url}/api/checking/get-file/${entry.hash}`;
    const text = await (await fetch(url, { headers: keyOf('webcom') })).text();
    const lines = text.trimEnd().split(/\r?\n/);
    return { lines: lines.map((line) => line.replace('+', '')), filtered: entry.filtered_phones };
  }

  test('holds the registered numbers and no other, as many as filtered_phones', async () => {
    const { lines, filtered } = await fileOf('positives_only');
    expect(lines).toEqual(having('registered'));
    expect(filtered).toBe(lines.length);
  });
  test('may hold the others instead', async () => {
    const { lines, filtered } = await fileOf('negatives_only');
    expect(lines).toEqual(having('not_registered', 'banned'));
    expect(filtered).toBe(lines.length);
  });
  test('may be a table', async () => {
    const { lines, filtered } = await fileOf('table');
    expect(lines[0]).toBe('number,activated');
    expect(lines.filter((line) => line.endsWith(',yes'))).toHaveLength(filtered);
    expect(lines).toHaveLength(501 - having('missing').length);
  });
});
