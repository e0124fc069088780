import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reconciliation, verdicts } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { type ResultOutcome, readResult } from './index.ts';
import { rowsXml, sharedStringsXml, sheetXml, workbookMembers } from './testing/make-xlsx.ts';
import { makeZip } from './testing/make-zip.ts';
import { telegramOptions } from './testing/read-bytes.ts';

const firstNumber = 447_911_000_000;

/** Reads a file and joins its rows to a chunk's numbers, as whoever ingests does; says what memory that took at most. */
async function joinRows(
  bytes: Buffer,
  numbers: number,
): Promise<{ readonly outcome: ResultOutcome; readonly grown_bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-results-'));
  try {
    const path = join(folder, 'result.bin');
    await writeFile(path, bytes);
    const chunk = Float64Array.from({ length: numbers }, (_, index) => firstNumber + index);
    const reconciliation = new Reconciliation(chunk);
    const before_bytes = process.memoryUsage.rss();
    let most_bytes = before_bytes;
    const reading = readResult({ path }, telegramOptions);
    for (;;) {
      const step = await reading.next();
      most_bytes = Math.max(most_bytes, process.memoryUsage.rss());
      if (step.done === true) {
        expect(reconciliation.counts().rows).toBeGreaterThan(0);
        return { outcome: step.value, grown_bytes: most_bytes - before_bytes };
      }
      const { count, numbers: found, verdicts: codes, attributes } = step.value;
      for (let index = 0; index < count; index += 1) {
        const verdict = verdicts[codes[index] as number] ?? 'undetermined';
        reconciliation.add(found[index] as number, verdict, attributes?.[index] ?? null);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function workbook(rows: number, further: string, strings: string): Promise<Buffer> {
  const data = Array.from(
    { length: rows },
    (_, row) => `<row><c><v>${firstNumber + row}</v></c><c t="str"><v>yes</v></c>${further}</row>`,
  );
  const sheet = sheetXml(rowsXml([['Number', 'telegram', 'note']]) + data.join(''));
  return makeZip(
    workbookMembers({ Sheet1: sheet }, { 'xl/sharedStrings.xml': sharedStringsXml(strings) }),
  );
}

test.each([
  ['one long shared string in every row', 130_000, 1, 'é'.repeat(4000)],
  ['hundreds of tiny cells in every row', 20_000, 250, '1'],
])(
  'a small workbook of %s is refused within 256 MiB, joined to its numbers',
  async (_, rows, cells, text) => {
    const bytes = await workbook(
      rows,
      '<c t="s"><v>0</v></c>'.repeat(cells),
      `<si><t>${text}</t></si>`,
    );
    expect(bytes.length).toBeLessThan(1_000_000);
    const { outcome, grown_bytes } = await joinRows(bytes, rows);
    expect(outcome).toMatchObject({ kind: 'unreadable', code: 'too_large' });
    expect(grown_bytes).toBeLessThan(256 * 1024 * 1024);
  },
  60_000,
);

test('five further columns of ordinary length are read for every number', async () => {
  const rows = 20_000;
  const cells = '<c t="s"><v>0</v></c>'.repeat(5);
  const { outcome } = await joinRows(
    await workbook(rows, cells, '<si><t>2026-01-02</t></si>'),
    rows,
  );
  expect(outcome).toMatchObject({ kind: 'read', rows });
});
