import { buffer } from 'node:stream/consumers';
import { inflateRawSync } from 'node:zlib';
import { waitFor } from '@rollcall/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeWorkbook } from './index.ts';
import { readSheets } from './testing/read-sheets.ts';

const header = ['number', 'outcome'];

async function* batches(
  ...of: readonly (readonly (readonly string[])[])[]
): AsyncGenerator<readonly (readonly string[])[]> {
  yield* of;
}

async function writtenCells(rows: readonly (readonly string[])[]): Promise<readonly string[][]> {
  const bytes = await buffer(writeWorkbook({ name: 'results', header, rows: batches(rows) }));
  const [sheet] = await readSheets(bytes);
  return (sheet?.rows ?? []).slice(1).map((row) => [...row]);
}

describe('a workbook that was written', () => {
  test('is read back cell for cell, whatever text it holds', async () => {
    const rows = [
      ['+447911123456', '=1+1', '@SUM(A1)', '-5', '0012', '1E5'],
      ['', '', 'third', '  two  blanks ', ' ', '_x0041_ _x _x12'],
      ['a<b>&"c\'', 'line\nbreak', 'cr\r\nlf', 'tab\t', '😀 عربي ]]>', '\u0085'],
    ];
    expect(await writtenCells(rows)).toEqual(rows);
  });

  test('is read back cell for cell, whatever characters make it up', async () => {
    // Everything that XML can write: no controls but tab and line breaks, no halves of surrogate pairs.
    const character = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('_x0041_', '&', '<', '\r', '\n', ' ', '\t'),
    );
    const cell = fc
      .array(character)
      .map((characters) => characters.join(''))
      // oxlint-disable-next-line no-control-regex -- what cannot be written
      .filter((text) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 20 }),
        async (rows) => {
          const read = await writtenCells(rows);
          expect(read).toEqual(rows.map(withoutEmptyEnd));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('has replacements for what XML cannot hold, and cells of at most 32,767 characters', async () => {
    const long = `${'a'.repeat(32_766)}😀`;
    expect(
      await writtenCells([['nul\0', '\ud800half', '\ufffe', long, 'b'.repeat(40_000)]]),
    ).toEqual([['nul\ufffd', '\ufffdhalf', '\ufffd', 'a'.repeat(32_766), 'b'.repeat(32_767)]]);
  });

  test('goes on in further sheets, each with the header, and fills each before the next', async () => {
    const rows = Array.from({ length: 5 }, (_, row) => [`+44791112345${row}`, 'registered']);
    const write = (count: number) =>
      buffer(
        writeWorkbook({
          name: 'a/b: a name that is rather long [2026]',
          header,
          rows: batches(rows.slice(0, 1), [], rows.slice(1, count)),
          rowsPerSheet_max: 3,
        }),
      );
    expect(await readSheets(await write(5))).toEqual([
      {
        title: 'a_b_ a name that is rather long',
        isHidden: false,
        rows: [header, rows[0], rows[1]],
      },
      {
        title: 'a_b_ a name that is rather  (2)',
        isHidden: false,
        rows: [header, rows[2], rows[3]],
      },
      { title: 'a_b_ a name that is rather  (3)', isHidden: false, rows: [header, rows[4]] },
    ]);
    expect((await readSheets(await write(4))).map((sheet) => sheet.rows.length)).toEqual([3, 3]);
  });

  test('without rows has a header and nothing else', async () => {
    const bytes = await buffer(writeWorkbook({ name: "''", header, rows: batches() }));
    expect(await readSheets(bytes)).toEqual([{ title: 'Sheet', isHidden: false, rows: [header] }]);
  });

  test('keeps its header in sight', async () => {
    const bytes = await buffer(writeWorkbook({ name: 'n', header, rows: batches() }));
    // Stored nowhere else than in the deflated sheet, so that the proof is in the reading of it.
    const sheet = inflateFirst(bytes);
    expect(sheet).toContain(
      '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>',
    );
  });
});

describe('writing', () => {
  test('pulls no more rows than are read, and ends the source when nobody reads any more', async () => {
    let pulled = 0;
    let ended = false;
    async function* endless() {
      try {
        for (;;) {
          pulled++;
          yield Array.from({ length: 1000 }, (_, n) => [`${pulled} ${Math.imul(n, 40_503)}`]);
        }
      } finally {
        ended = true;
      }
    }
    const output = writeWorkbook({ name: 'n', header, rows: endless() });
    await new Promise((resolve) => output.once('readable', resolve));
    let before = -1;
    // It stops once its buffers are full: two looks in a row that see no more pulled.
    await waitFor(
      () => {
        const stands = before === pulled;
        before = pulled;
        return stands;
      },
      { describe: 'the pulling to stop' },
    );
    expect(pulled).toBeLessThan(500);
    output.destroy();
    await waitFor(() => ended, { describe: 'the source to end' });
  });

  test('fails with its source', async () => {
    async function* broken(): AsyncGenerator<string[][]> {
      yield [['+447911123456']];
      throw new Error('the rows broke');
    }
    const output = writeWorkbook({ name: 'n', header, rows: broken() });
    await expect(buffer(output)).rejects.toThrow('the rows broke');
  });
});

/** A row's last empty cells are not written. */
function withoutEmptyEnd(row: readonly string[]): readonly string[] {
  const end = row.findLastIndex((cell) => cell !== '') + 1;
  return row.slice(0, end);
}

function inflateFirst(zip: Buffer): string {
  const data = 30 + zip.readUInt16LE(26);
  return inflateRawSync(zip.subarray(data)).toString();
}
