import { droppedColumns } from '@rollcall/domain';
import { describe, expect, test } from 'vitest';
import { codeOf, readBytes } from './testing/read-bytes.ts';

const positives = { semantics: 'positives_only' } as const;

describe('a table of text', () => {
  test('gives a number, a verdict and the further columns as attributes', async () => {
    const read = await readBytes(
      'Number,Telegram, Active Days ,note\n+447911123456,yes,3,\n447911123457,NO,,"a, ""b"""\n447911123458,Ban,,\n',
    );
    expect(read.rows).toEqual([
      '447911123456 registered',
      '447911123457 not_registered',
      '447911123458 banned',
    ]);
    expect(read.attributes).toEqual([{ 'active days': '3' }, { note: 'a, "b"' }, null]);
    expect(read.outcome).toEqual({
      kind: 'read',
      format: 'csv',
      rows: 3,
      unreadableRows: 0,
      undeterminedRows: 0,
      columns: ['number', 'telegram', 'active days', 'note'],
      parts: [{ name: null, listed: null, rows: 3 }],
      ignored: [],
      lastRecordTerminated: true,
    });
  });

  test.each([
    ['real exports', 'number,activated\n447911123456,yes\n'],
    ['the task type', 'Phone;tg\n447911123456;yes\n'],
    ['tabs', 'Mobile Number\ttelegram\n447911123456\tyes\n'],
    ['bars', 'phone_number|TELEGRAM\n447911123456|yes\n'],
    ['reordered columns', 'age,Activated,number\n9,yes,447911123456\n'],
    ['CRLF', 'number,activated\r\n447911123456,yes\r\n'],
    ['CR', 'number,activated\r447911123456,yes\r'],
    ['a byte-order mark', '\ufeffnumber,activated\n447911123456,yes\n'],
    ['quotes everywhere', '"number","activated"\n"447911123456","yes"\n'],
    ['blank lines', '\n\nnumber,activated\n\n447911123456,yes\n\n'],
    ['no header', '447911123456,yes\n'],
    ['no header and semicolons', '+447911123456;YES\n'],
    ['no last line end', 'number,activated\n447911123456,yes'],
    ['blanks around', 'number,activated\n 447911123456 , yes \n'],
  ])('is understood with %s', async (_, text) => {
    const read = await readBytes(text);
    expect(read.rows).toEqual(['447911123456 registered']);
  });

  test('takes names and words that the account adds', async () => {
    const read = await readBytes('number,result\n447911123456,Exists\n447911123457,no\n', {
      verdictColumns: ['Result'],
      verdictWords: { exists: 'registered' },
    });
    expect(read.rows).toEqual(['447911123456 registered', '447911123457 not_registered']);
  });

  test('never takes an odd or missing verdict for no', async () => {
    const read = await readBytes(
      'number,activated\n447911123456,n\n447911123457,\n447911123458\n447911123459,false\n447911123460,not found\n',
    );
    expect(read.rows.map((row) => row.split(' ')[1])).toEqual(Array(5).fill('undetermined'));
    expect(read.attributes.map((row) => row?.['verdict_word'])).toEqual([
      'n',
      undefined,
      undefined,
      'false',
      'not found',
    ]);
    expect(read.outcome).toMatchObject({ undeterminedRows: 5, rows: 5 });
  });

  test('prefers the column that is named as asked, and keeps the other as an attribute', async () => {
    const read = await readBytes('number,activated,telegram\n447911123456,no,yes\n');
    expect(read.rows).toEqual(['447911123456 registered']);
    expect(read.attributes).toEqual([{ activated: 'no' }]);
  });

  test('refuses a verdict column that is named after another service', async () => {
    expect(await codeOf('Number,facebook\n447911123456,yes\n')).toBe('other_check');
    const own = { check: 'custom', taskType: 'something' };
    expect(await codeOf('Number,facebook\n447911123456,yes\n', own)).toBe('read');
  });

  test('keeps a row without a usable number as an unreadable one, masked', async () => {
    const read = await readBytes(
      'number,activated\n4.4E+11,yes\n12,yes\n,yes\nx447911123456,no\n1234567890123456,no\n447911123456.0,yes\n',
    );
    expect(read.rows).toEqual([
      'NaN registered',
      'NaN registered',
      'NaN registered',
      'NaN not_registered',
      'NaN not_registered',
      '447911123456 registered',
    ]);
    expect(read.unreadable).toEqual([
      { index: 0, row: 2, problem: 'lost_digits', masked: '#.#E+##' },
      { index: 1, row: 3, problem: 'too_short', masked: '##' },
      { index: 2, row: 4, problem: 'empty', masked: '' },
      { index: 3, row: 5, problem: 'not_a_number', masked: 'x############' },
      { index: 4, row: 6, problem: 'too_long', masked: '################' },
    ]);
    expect(read.outcome).toMatchObject({ kind: 'read', rows: 6, unreadableRows: 5 });
  });

  test('gives doubled, contradictory and reordered rows as they stand', async () => {
    const read = await readBytes(
      'number,activated\n447911123457,yes\n447911123456,no\n447911123457,no\n447911123457,yes\n',
    );
    expect(read.rows).toEqual([
      '447911123457 registered',
      '447911123456 not_registered',
      '447911123457 not_registered',
      '447911123457 registered',
    ]);
  });

  test('names nameless, doubled and treacherous columns', async () => {
    const read = await readBytes(
      'number,activated,,a,a,__proto__\n447911123456,yes,1,2,3,4,5\n447911123457,yes\n',
    );
    expect(read.attributes).toEqual([
      { column_3: '1', a: '2', a_5: '3', column_6: '4', column_7: '5' },
      null,
    ]);
  });

  test('drops the columns that the account does not want', async () => {
    const read = await readBytes('number,activated,Age,days\n447911123456,yes,44,2\n', {
      droppedColumns: ['age'],
    });
    expect(read.attributes).toEqual([{ days: '2' }]);
  });

  test('drops special categories by the words that their names begin with, and no other column', async () => {
    const unwanted = [
      'avatar_url',
      'age_range',
      'Age (years)',
      'Gender-Guess',
      'skin_colour',
      'RACE',
    ];
    const wanted = ['agency', 'racecourse', 'sextant', 'avatars', 'last age'];
    const read = await readBytes(
      `number,activated,${[...unwanted, ...wanted].join()}\n447911123456,yes,${'x,'.repeat(10)}x\n`,
      { droppedColumns: droppedColumns([]) },
    );
    expect(Object.keys(read.attributes[0] ?? {})).toEqual(wanted);
  });

  test('cleans attributes of what drives terminals and breaks jsonb', async () => {
    const read = await readBytes(
      'number,activated,name\n447911123456,yes,"\u001b[31mred\u0000\n{""level"":60}"\n',
    );
    expect(read.attributes).toEqual([{ name: '\ufffd[31mred\ufffd\n{"level":60}' }]);
  });
});

describe('a list of numbers', () => {
  test('means what the account says', async () => {
    const text = '+447911123456\n447911123457\n';
    expect((await readBytes(text, positives)).rows).toEqual([
      '447911123456 registered',
      '447911123457 registered',
    ]);
    expect((await readBytes(text, { semantics: 'negatives_only' })).rows).toEqual([
      '447911123456 not_registered',
      '447911123457 not_registered',
    ]);
    expect(await codeOf(text)).toBe('no_verdict_column');
  });

  test('may have a header, and keeps further columns', async () => {
    const read = await readBytes('Phone,name\n447911123456,Ann\n', positives);
    expect(read.rows).toEqual(['447911123456 registered']);
    expect(read.attributes).toEqual([{ name: 'Ann' }]);
  });

  test('is refused where the setting says list and the file says verdicts', async () => {
    expect(await codeOf('number,activated\n447911123456,no\n', positives)).toBe(
      'semantics_mismatch',
    );
    expect(await codeOf('447911123456;no\n', positives)).toBe('semantics_mismatch');
    expect(await codeOf('number,facebook\n447911123456,no\n', positives)).toBe(
      'semantics_mismatch',
    );
  });

  test('says when its last record has no line end, for nobody can see what is missing', async () => {
    const whole = await readBytes('447911123456\n', positives);
    expect(whole.outcome).toMatchObject({ format: 'txt', lastRecordTerminated: true });
    const open = await readBytes('447911123456\n4479111234', positives);
    expect(open.outcome).toMatchObject({ kind: 'read', rows: 2, lastRecordTerminated: false });
  });
});

describe('a text that was cut', () => {
  test.each([
    ['in a number', 'number,activated\n447911123456,yes\n4479'],
    ['behind a number', 'number,activated\n447911123456,yes\n447911123457'],
    ['before a verdict', 'number,activated\n447911123456,yes\n447911123457,'],
    ['in a verdict', 'number,activated\n447911123456,yes\n447911123457,ye'],
    ['before further columns', 'number,activated,age\n447911123456,yes,1\n447911123457,yes'],
    ['inside quotes', 'number,activated\n447911123456,yes\n447911123457,"ye'],
  ])('%s is refused, with its row', async (_, text) => {
    const { outcome } = await readBytes(text);
    expect(outcome).toMatchObject({ kind: 'unreadable', code: 'cut', row: 3 });
  });

  test('in the number of a list is refused', async () => {
    expect(await codeOf('447911123456\n+4479', positives)).toBe('cut');
    expect(await codeOf('447911123456\n+', positives)).toBe('cut');
  });

  test('at any byte is refused or gives only rows that are whole', async () => {
    const text = 'number,activated\n+447911123456,yes\n+447911123457,no\n+447911123458,ban\n';
    const rows = ['447911123456 registered', '447911123457 not_registered', '447911123458 banned'];
    for (let length = 0; length < text.length; length++) {
      const read = await readBytes(text.slice(0, length));
      const given = read.outcome.kind === 'read' ? read.rows : [];
      expect(given).toEqual(rows.slice(0, given.length));
    }
  });

  test('does not accuse an odd last verdict that a cut cannot explain', async () => {
    expect(await codeOf('number,activated\n447911123456,unknown')).toBe('read');
  });
});

describe('a hostile text', () => {
  test.each([
    [
      'an unbalanced quote',
      `number,activated\n"447911123456,yes\n${'447911123457,yes\n'.repeat(99)}`,
      'cut',
    ],
    [
      'an unbalanced quote and a later one',
      'number,activated\n"447911123456,yes\n"447911123457",yes\n',
      'malformed',
    ],
    ['a huge cell', `number,activated\n447911123456,${'y'.repeat(9000)}\n`, 'cell_too_large'],
    [
      'a huge record that never ends',
      `number,activated\n${'y'.repeat(3_000_000)}`,
      'cell_too_large',
    ],
    [
      'a huge quoted cell that never ends',
      `number,activated\n"${'y'.repeat(3_000_000)}`,
      'cell_too_large',
    ],
    [
      'a thousand columns',
      `number,activated\n447911123456,yes${','.repeat(1000)}\n`,
      'too_many_columns',
    ],
    ['words', 'this is not a result\nat all\n', 'no_number_column'],
    ['only a header', 'number,activated\n', 'empty'],
    ['only blank rows', 'number,activated\n,\n , \n', 'empty'],
  ])('is refused: %s', async (_, text, code) => {
    expect(await codeOf(text)).toBe(code);
  });

  test('of too many rows or bytes is refused', async () => {
    const text = `number,activated\n${'447911123456,yes\n'.repeat(11)}`;
    expect(await codeOf(text, { limits: { maxRows: 10 } })).toBe('too_many_rows');
    expect(
      await codeOf(`${text.slice(0, 34)}${'\n'.repeat(200)}`, { limits: { maxRows: 10 } }),
    ).toBe('too_many_rows');
    expect(await codeOf(text, { limits: { maxInflatedBytes: 100 } })).toBe('too_large');
  });

  test('is named without any number in the message', async () => {
    const read = await readBytes(
      'number,activated\n447911123456,yes\n447911123457"","y"x\n"447911123458"1,no\n',
    );
    expect(read.outcome).toMatchObject({ code: 'malformed', row: 3 });
    expect(JSON.stringify(read.outcome)).not.toMatch(/\d{7}/);
  });
});

test('a file of many pieces loses no row where the pieces meet', async () => {
  const count = 60_000;
  let text = 'number,activated,note\r\n';
  for (let index = 0; index < count; index++) {
    text += `${447_000_000_000 + index},${index % 3 === 0 ? 'yes' : 'no'},"n\r\n${index % 7}"\r\n`;
  }
  const read = await readBytes(text);
  const expected = Array.from({ length: count }, (_, index) => ({
    row: `${447_000_000_000 + index} ${index % 3 === 0 ? 'registered' : 'not_registered'}`,
    note: `n\r\n${index % 7}`,
  }));
  expect(read.rows).toEqual(expected.map(({ row }) => row));
  expect(read.attributes).toEqual(expected.map(({ note }) => ({ note })));
});
