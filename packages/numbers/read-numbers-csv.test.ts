import { describe, expect, test } from 'vitest';
import { a, b, c, limits, numbersOf, read, refused, rejectsOf } from './read-for-tests.ts';
import { readNumbers } from './read-numbers.ts';

describe('a csv upload', () => {
  test.each([
    [',', 'csv'],
    [';', 'csv'],
    ['\t', 'tsv'],
    ['|', 'csv'],
  ])('is told by its separator %j, its header and its column', async (separator, format) => {
    const rows = [
      ['id', 'Phone Number', 'city'],
      ['1', `+${a}`, 'London'],
      ['2', String(c), 'Los Angeles'],
    ];
    await using intake = await read(rows.map((cells) => cells.join(separator)).join('\r\n'));
    expect(intake.format).toBe(format);
    expect(intake.header).toEqual(['id', 'Phone Number', 'city']);
    expect(intake.column).toEqual({ index: 2, name: 'Phone Number' });
    expect(intake.lines).toBe(2);
    expect(await numbersOf(intake)).toEqual([c, a]);
  });

  test.each([['телефон'], ['Numara'], ['MSISDN'], ['  Tel. '], ['mobile_number']])(
    'finds the column called %s',
    async (name) => {
      await using intake = await read(`note,${name}\nx,+${a}\n`);
      expect(intake.column?.index).toBe(2);
    },
  );

  test('finds the only column with valid numbers where no name tells', async () => {
    await using intake = await read(`code,value\n12345678,+${a}\n99,+${c}\n`);
    expect(intake.column).toEqual({ index: 2, name: 'value' });
  });

  test('does not trust a telling name over a column that really holds numbers', async () => {
    await using intake = await read(`street,number,reach\nBaker St,221,+${a}\nAbbey Rd,3,+${b}\n`);
    expect(intake.column).toEqual({ index: 3, name: 'reach' });
  });

  test('takes the usual name where other columns hold valid numbers too', async () => {
    for (const header of ['order_id,phone', 'emergency,Mobile No.']) {
      await using intake = await read(`${header}\n${b},+${a}\n${c},+${c}\n`);
      expect(intake.column?.index).toBe(2);
    }
    await using second = await read(`phone,mobile\n,+${a}\nnone,+${b}\n`);
    expect(second.column).toEqual({ index: 2, name: 'mobile' });
  });

  test.each(['mobile,phone', 'phone,phone', 'mobile,landline two,tel'])(
    'is refused, with the columns named, when the header %s does not single one out',
    async (header) => {
      const width = header.split(',').length;
      const refusal = await refused(`${header}\n${[a, b, c].slice(0, width).join(',')}\n`);
      expect(refusal.code).toBe('ambiguous_column');
      expect(refusal.message).toContain(`1 ("${header.split(',')[0]}")`);
      expect(refusal.message).toContain(`${width} ("${header.split(',').at(-1)}")`);
      expect(refusal.message).toContain('Give `column`');
    },
  );

  test('is refused when only some records hold a second number', async () => {
    const refusal = await refused(`x,y\n+${a},\n+${b},+${c}\n`);
    expect(refusal.code).toBe('ambiguous_column');
    expect((await refused(`+${a},x\n+${b},+${c}\n`)).code).toBe('ambiguous_column');
  });

  test('chooses the column by name in any case, or by position', async () => {
    const text = `first,Second\n+${a},+${b}\n`;
    await using byName = await read(text, { column: 'SECOND' });
    await using byPosition = await read(text, { column: '1' });
    expect(await numbersOf(byName)).toEqual([b]);
    expect(await numbersOf(byPosition)).toEqual([a]);
  });

  test('needs no header', async () => {
    await using intake = await read(`Ann,+${a}\nBob,+${b}\n`);
    expect(intake.header).toBeUndefined();
    expect(intake.column).toEqual({ index: 2 });
    expect(intake.lines).toBe(2);
  });

  test('may be a single column with a header', async () => {
    await using intake = await read(`Phone\n+${a}\n`);
    expect(intake.header).toEqual(['Phone']);
    expect(intake.lines).toBe(1);
  });

  test('has quoted cells with separators, newlines and quotes inside', async () => {
    await using intake = await read(
      `name,phone\n"Ann ""A"", of\nLondon","+${a}"\nBob, "+${b}" \n"x","not ""a"" number"\n`,
    );
    expect(intake.lines).toBe(3);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect(await rejectsOf(intake)).toEqual([
      { line: 3, reason: 'not_a_number', raw: 'not "a" number' },
    ]);
  });

  test('counts a record without the number as a line, and a blank one not', async () => {
    await using intake = await read(`name,phone\nAnn,\n,,\n\nBob\nEve,+${a}\n`);
    expect(intake.lines).toBe(3);
    expect((await rejectsOf(intake)).map(({ line, reason }) => [line, reason])).toEqual([
      [1, 'empty_cell'],
      [2, 'empty_cell'],
    ]);
  });

  test('names the columns there are when the one asked for is not', async () => {
    const refusal = await refused(`id,phone\n1,+${a}\n`, { column: 'mobile' });
    expect(refusal.code).toBe('unknown_column');
    expect(refusal.message).toContain('"id", "phone"');
    const withNumber = await refused(`id,phone\n1,+${a}\n`, { column: `+${b}` });
    expect(withNumber.message).not.toContain(String(b));
    expect((await refused(`id,phone\n1,+${a}\n`, { column: '3' })).code).toBe('unknown_column');
    expect((await refused(`+${a}\n`, { column: '1', format: 'txt' })).code).toBe('unknown_column');
  });

  test('is refused when no column holds numbers, or when more than one could be meant', async () => {
    expect((await refused('name,city\nAnn,London\nBob,Leeds\n')).code).toBe('no_number_column');
    expect((await refused(`+${a},+${b},+${c}\n`)).code).toBe('ambiguous_column');
  });

  test('is refused without a word of its first line, unless that names the column of numbers', async () => {
    const people = 'anna.smith@example.com,Leeds\nbob@example.com,York\n';
    const silent = [
      await refused(people),
      await refused(people, { column: 'phone' }),
      await refused(`anna.smith@example.com,Leeds\n+${a},+${b}\n`),
    ];
    expect(silent.map(({ code }) => code)).toEqual([
      'no_number_column',
      'unknown_column',
      'ambiguous_column',
    ]);
    for (const { message } of silent) {
      expect(message).not.toMatch(/anna|smith|Leeds/);
      expect(message).toMatch(/1 to 2|1, 2/);
    }
    expect((await refused(`phone,mobile\n+${a},+${b}\n`)).message).toContain(
      '1 ("phone"), 2 ("mobile")',
    );
  });

  test('is refused at the record whose quote is not closed, before a million lines are swallowed', async () => {
    const head = `id,phone\n1,+${a}\n2,"+${b}\n`;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(head);
      for (let at = 0; at < 20_000; at += 1) yield Buffer.from(`3,+${c}\n`.repeat(50));
    }
    const outcome = await readNumbers(endless(), { ...limits, maxBytes: 1e9, maxLines: 2e6 });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'unbalanced_quote', line: 2 });
  });

  test.each([
    [`"name,phone\nx,+${a}\n`, {}],
    [`"name,phone\nx,+${a}\n`, { column: 'phone' }],
    [`\n\nphone,"name\n+${a},x\n`, { column: 'phone' }],
    [`"name"s,phone\nx,+${a}\n`, { column: '2' }],
  ])(
    'is refused for its quote where that is in the first record, and not for its columns',
    async (text, options) => {
      expect(await refused(text, options)).toMatchObject({ code: 'unbalanced_quote', line: 1 });
      expect((await refused('""\n', { column: 'phone' })).code).not.toBe('unbalanced_quote');
    },
  );

  test('is refused where a quote closes in the wrong place, so that no line goes into another', async () => {
    const refusal = await refused(`id,phone\n1,"+${a}\n2,"+${b}"\n`);
    expect(refusal).toMatchObject({ code: 'unbalanced_quote', line: 1 });
    expect(await refused(`id,phone\n1,"+${a}`)).toMatchObject({
      code: 'unbalanced_quote',
      line: 1,
    });
  });
});
