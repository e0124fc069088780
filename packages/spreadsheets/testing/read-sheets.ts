import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CellKind,
  cellText,
  defaultWorkbookLimits,
  openArchive,
  openFileBytes,
  openWorkbook,
  readSheet,
} from '../index.ts';

export interface ReadBack {
  readonly title: string;
  readonly isHidden: boolean;
  readonly rows: readonly (readonly string[])[];
}

/** Every sheet of a workbook as text, read by the package itself. */
export async function readSheets(bytes: Buffer): Promise<ReadBack[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-sheets-'));
  const path = join(folder, 'workbook.xlsx');
  await writeFile(path, bytes);
  const file = await openFileBytes({ path });
  try {
    const limits = { ...defaultWorkbookLimits, maxCellBytes: 65_536 };
    const archive = await openArchive(file, limits);
    const workbook = await openWorkbook(archive, { limits, spend: () => {} }, true);
    const sheets: ReadBack[] = [];
    for (const sheet of workbook.sheets) {
      const rows: string[][] = [];
      let row: string[] = [];
      const consumer = {
        beginRow: () => {
          row = [];
        },
        cell: (column: number, of: Buffer, start: number, end: number, kind: CellKind) => {
          while (row.length < column) row.push('');
          row[column] = cellText(of, start, end, kind, workbook.isDate1904);
        },
        endRow: () => {
          rows.push(row);
        },
      };
      for await (const _ of readSheet(workbook, sheet, consumer));
      sheets.push({ title: sheet.title, isHidden: sheet.isHidden, rows });
    }
    return sheets;
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}
