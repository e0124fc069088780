import { describe, expect, test } from 'vitest';
import { BatchBounds } from './batch-bounds.ts';
import { decodeOutcome } from './outcome-message.ts';

/** Three rows came, two of them without a number. */
function decode(said: unknown): ReturnType<typeof decodeOutcome> {
  const came = new BatchBounds({ maxColumns: 2, maxEntries: 1 });
  came.addRows(3, 2);
  return decodeOutcome(Buffer.from(JSON.stringify(said)), came);
}

const read = {
  kind: 'read',
  format: 'csv',
  rows: 3,
  unreadableRows: 2,
  zeroedRows: 2,
  undeterminedRows: 3,
  parts: [{ name: null, listed: null, rows: 3 }],
  columns: ['number'],
  ignored: ['other.csv'],
  lastRecordTerminated: true,
};
const unreadable = { kind: 'unreadable', code: 'cut', message: 'it is cut', member: null, row: 7 };

describe('what a reader says of a file', () => {
  test.each([
    ['that it is read', read],
    ['that it cannot be read', unreadable],
    ['in which member', { ...unreadable, member: 'a.csv', row: null }],
  ])('%s', (_, said) => {
    expect(decode(said)).toEqual(said);
  });

  test('is cut to what may be shown: names of columns, of members and of parts', () => {
    const name = 'of 447911123456\u001b\n';
    const shown = decode({
      ...read,
      columns: [` NUM\u0000BER ${'x'.repeat(100)}`],
      ignored: [name],
      parts: [{ name, listed: 'registered', rows: 3 }],
    });
    const clean = expect.not.stringMatching(/[0-9\p{Cc}]/u);
    expect(shown).toMatchObject({
      ignored: [clean],
      parts: [{ name: clean, listed: 'registered' }],
    });
    const [column = ''] = shown.kind === 'read' ? shown.columns : [];
    expect([column.slice(0, 8), column.length]).toEqual(['num ber ', 64]);
  });

  test('is masked where it cannot be read, save limits and the row', () => {
    const message = 'more than 447911123456 columns, says +44 7911 123457';
    const said = { ...unreadable, message, member: 'of 447911123456', row: 447_911_123_456 };
    expect(decode(said)).toEqual({
      ...said,
      message: 'more than 447911123456 columns, says +## #### ######',
      member: 'of ############',
    });
  });

  test.each<[string, object]>([
    ['another kind', { kind: 'other' }],
    ['a format that there is not', { format: 'pdf' }],
    ['more rows than came', { rows: 4 }],
    ['more rows without a number than came', { unreadableRows: 3 }],
    ['more undetermined rows than rows', { undeterminedRows: 4 }],
    ['half an undetermined row', { undeterminedRows: 0.5 }],
    ['more zeroed rows than rows without a number', { zeroedRows: 3 }],
    ['half a zeroed row', { zeroedRows: 0.5 }],
    ['nothing of its last record', { lastRecordTerminated: null }],
    ['no list of columns', { columns: 'number' }],
    ['more columns than a file has', { columns: ['a', 'b', 'c'] }],
    ['a column that is no text', { columns: [7] }],
    ['a member that is no text', { ignored: [null] }],
    ['a part that is none', { parts: [null] }],
    ['a part of half a row', { parts: [{ name: null, listed: null, rows: 0.5 }] }],
    ['a verdict that there is not', { parts: [{ name: null, listed: 'yes', rows: 3 }] }],
    ['a part whose name is no text', { parts: [{ name: 7, listed: null, rows: 3 }] }],
  ])('is refused where it has %s', (_, change) => {
    expect(() => decode({ ...read, ...change })).toThrow('said what is no outcome');
  });

  test.each<[string, object]>([
    ['a reason that there is not', { code: 'other' }],
    ['no message', { message: null }],
    ['a member that is no text', { member: 7 }],
    ['a row before the first', { row: -1 }],
  ])('that it cannot be read is refused with %s', (_, change) => {
    expect(() => decode({ ...unreadable, ...change })).toThrow('said what is no outcome');
  });

  test.each([null, [], 'read'])('is refused where it is %j', (said) => {
    expect(() => decode(said)).toThrow('said what is no outcome');
  });
});
