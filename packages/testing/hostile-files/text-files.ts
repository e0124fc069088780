import { gzipSync } from 'node:zlib';
import { type HostileFile, header, honestCsv, honestEnd, honestRows } from './hostile-file.ts';

const text = (content: string): Buffer => Buffer.from(content);
/** A number of nobody's chunk: Ofcom's range for drama. */
const foreign = (index: number): string => String(447_700_900_000 + index);

/** Bare text: what it says is all there is, and its end looks like any place within it. */
export const textFiles: readonly HostileFile[] = [
  {
    name: 'cut-in-a-row.csv',
    what: 'ends in the middle of a row',
    ends: { held: 'cut' },
    make: (numbers) => text(honestCsv(numbers).slice(0, -9)),
  },
  {
    name: 'cut-in-a-verdict.csv',
    what: 'ends in the middle of its last verdict',
    ends: { held: 'cut' },
    make: (numbers) => text(`${header}${honestRows(numbers).reverse().join('').slice(0, -2)}`),
  },
  {
    name: 'cut-in-quotes.csv',
    what: 'ends within quotes',
    ends: { held: 'cut' },
    make: (numbers) => text(`${honestCsv(numbers)}"4479`),
  },
  {
    name: 'fewer-rows.csv',
    what: 'half of the rows, ended in order',
    ends: { held: 'count_in_doubt' },
    make: (numbers) => text(honestCsv(numbers.slice(0, 20))),
  },
  {
    name: 'more-rows.csv',
    what: 'as many rows again, of other numbers',
    ends: { held: 'not_this_chunk' },
    make: (numbers) => text(honestCsv([...numbers, ...numbers.map((_, n) => foreign(n))])),
  },
  {
    name: 'another-chunk.csv',
    what: 'rows of other numbers alone',
    ends: { held: 'not_this_chunk' },
    make: (numbers) => text(honestCsv(numbers.map((_, n) => foreign(n)))),
  },
  {
    name: 'doubled-rows.csv',
    what: 'each row twice',
    ends: honestEnd,
    make: (numbers) => text(header + [...honestRows(numbers), ...honestRows(numbers)].join('')),
  },
  {
    name: 'contradictory-rows.csv',
    what: 'ten numbers with two answers each',
    ends: { done: { undetermined: 10, registered: 15, not_registered: 15 } },
    make: (numbers) => {
      const other = numbers.slice(0, 10).map((n, at) => `${n},${at % 2 === 0 ? 'no' : 'yes'}\n`);
      return text(honestCsv(numbers) + other.join(''));
    },
  },
  {
    name: 'reordered-plus.csv',
    what: 'from the last number to the first, every third with a +',
    ends: honestEnd,
    make: (numbers) => {
      const rows = honestRows(numbers).map((row, at) => (at % 3 === 0 ? `+${row}` : row));
      return text(header + rows.reverse().join(''));
    },
  },
  {
    name: 'columns-moved.csv',
    what: 'columns in another order, with others between them, under other names that are known',
    ends: honestEnd,
    make: (numbers) =>
      text(
        `Activated;note;Phone_Number\n${numbers.map((n, at) => `${at % 2 === 0 ? 'YES' : 'No'};x;${n}\n`).join('')}`,
      ),
  },
  {
    name: 'columns-renamed.csv',
    what: 'a column of verdicts under a name that nobody knows',
    ends: { held: 'no_verdict_column' },
    make: (numbers) => text(honestCsv(numbers).replace('telegram', 'outcome')),
  },
  {
    name: 'unknown-verdict.csv',
    what: 'a verdict that nobody has explained',
    ends: { done: { undetermined: 20, not_registered: 20 } },
    make: (numbers) => text(honestCsv(numbers).replaceAll(',yes', ',perhaps')),
  },
  {
    name: 'other-service.csv',
    what: 'verdicts about another service than the one asked',
    ends: { held: 'other_check' },
    make: (numbers) => text(honestCsv(numbers).replace('telegram', 'viber')),
  },
  { name: 'empty.csv', what: 'no bytes', ends: { held: 'empty' }, make: () => text('') },
  {
    name: 'header-alone.csv',
    what: 'a header and no rows',
    ends: { held: 'empty' },
    make: () => text(header),
  },
  {
    name: 'login-page.xlsx',
    what: 'a web page under the name of a workbook',
    ends: { held: 'html' },
    make: () => text('<!DOCTYPE html><html><body><form>Log in</form></body></html>'),
  },
  {
    name: 'error.json',
    what: 'an error of the provider, with a 200',
    ends: { held: 'json' },
    make: () => text('{"error":"not found"}'),
  },
  {
    name: 'terminal.csv',
    what: 'escapes of a terminal and a line of a log, in place of numbers and in a further column',
    ends: honestEnd,
    make: (numbers) => {
      const rows = honestRows(numbers).map((row) =>
        row.replace('\n', ',"\u001b]0;owned\u0007\u001b[2J\n{""level"":60,""msg"":""owned""}"\n'),
      );
      const odd = '"\u001b[31m\n{""level"":60,""msg"":""owned""}",yes,\n';
      return text(`number,telegram,note\n${odd}${rows.join('')}`);
    },
  },
  {
    name: 'terminal.txt',
    what: 'escapes of a terminal and a line of a log, and nothing else',
    ends: { held: 'malformed' },
    make: () => text('Result: \u001b[31mowned\u001b[0m\n{"level":60,"msg":"owned"}\n'.repeat(100)),
  },
  {
    name: 'cell-100-mb.csv',
    what: 'a cell of 100 MB in quotes',
    ends: { held: 'cell_too_large' },
    make: (numbers) =>
      Buffer.concat([
        text(`number,telegram,note\n${numbers[0]},yes,"`),
        Buffer.alloc(100_000_000, 0x79),
        text('"\n'),
      ]),
  },
  {
    name: 'line-100-mb.csv',
    what: 'a line of 100 MB, without quotes and without an end',
    ends: { held: 'cell_too_large' },
    make: () => Buffer.concat([text(header), Buffer.alloc(100_000_000, 0x37)]),
  },
  {
    name: 'columns-100000.csv',
    what: 'a row of 100,000 columns',
    ends: { held: 'too_many_columns' },
    make: (numbers) => text(`${header}${numbers[0]},yes${','.repeat(100_000)}\n`),
  },
  {
    name: 'attributes.csv',
    what: '80 MB of further columns, which whoever joins rows to numbers would have to hold',
    ends: { held: 'too_large' },
    make: (numbers) => {
      const rows = Array.from({ length: 16_000 }, (_, n) => `${numbers[n % 40]},yes,`);
      const long = 'x'.repeat(5_000);
      return text(`number,telegram,note\n${rows.map((row) => `${row}${long}\n`).join('')}`);
    },
  },
  {
    name: 'quote.csv',
    what: 'a quote that is closed rows later',
    ends: { held: 'malformed' },
    make: (numbers) =>
      text(`${header}${numbers[0]},"yes\n${honestRows(numbers).join('')}"${numbers[1]},no\n`),
  },
  {
    name: 'utf-16.csv',
    what: 'UTF-16',
    ends: { held: 'unsupported_encoding' },
    make: (numbers) => Buffer.from(`\ufeff${honestCsv(numbers)}`, 'utf16le'),
  },
  {
    name: 'zeros.csv',
    what: 'a megabyte of zeros',
    ends: { held: 'binary' },
    make: () => Buffer.alloc(1_048_576),
  },
  {
    name: 'result.csv.gz',
    what: 'gzip, which no provider is to send',
    ends: { held: 'gzip' },
    make: (numbers) => gzipSync(honestCsv(numbers)),
  },
  {
    name: 'renamed.xlsx',
    what: 'an old .xls workbook under the name of a new one',
    ends: { held: 'xls' },
    make: () => Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(4_096)]),
  },
];
