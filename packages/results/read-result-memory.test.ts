import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reconciliation, verdicts } from '@rollcall/domain';
import { makeZip, rowsXml, sharedStringsXml, sheetXml, workbookMembers } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { type ResultOutcome, readResult } from './index.ts';
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

function workbook(
  rows: number,
  further: (row: number) => string,
  strings: string,
): Promise<Buffer> {
  const data = Array.from(
    { length: rows },
    (_, row) =>
      `<row><c><v>${firstNumber + row}</v></c><c t="str"><v>yes</v></c>${further(row)}</row>`,
  );
  const sheet = sheetXml(rowsXml([['Number', 'telegram', 'note']]) + data.join(''));
  return makeZip(
    workbookMembers({ Sheet1: sheet }, { 'xl/sharedStrings.xml': sharedStringsXml(strings) }),
  );
}

const mebibyte = 1024 * 1024;

async function expectRefusedWithin(
  limit_bytes: number,
  bytes: Buffer,
  rows: number,
): Promise<void> {
  const { outcome, grown_bytes } = await joinRows(bytes, rows);
  expect(outcome).toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('bytes of further columns'),
  });
  expect(grown_bytes).toBeLessThan(limit_bytes);
}

test('a small workbook of one long shared string in every row is refused within 256 MiB, joined to its numbers', async () => {
  const rows = 130_000;
  const long = `<si><t>${'é'.repeat(4000)}</t></si>`;
  const bytes = await workbook(rows, () => '<c t="s"><v>0</v></c>', long);
  expect(bytes.length).toBeLessThan(400_000);
  await expectRefusedWithin(256 * mebibyte, bytes, rows);
}, 180_000);

test('hundreds of tiny cells in every row count for what holding them costs', async () => {
  const rows = 6_000;
  // Digits in an order that does not deflate well, so that it is not the ratio that refuses them.
  let state = 7;
  const digit = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(state / 2 ** 16) % 10;
  };
  const cells = () => Array.from({ length: 250 }, () => `<c><v>${digit()}</v></c>`).join('');
  await expectRefusedWithin(256 * mebibyte, await workbook(rows, cells, ''), rows);
}, 180_000);

test('five further columns of ordinary length are read for every number', async () => {
  const rows = 20_000;
  const cells = () => '<c t="s"><v>0</v></c>'.repeat(5);
  const { outcome } = await joinRows(
    await workbook(rows, cells, '<si><t>2026-01-02</t></si>'),
    rows,
  );
  expect(outcome).toMatchObject({ kind: 'read', rows });
});
