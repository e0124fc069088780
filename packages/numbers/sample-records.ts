import { RecordScanner } from './record-scanner.ts';

export const sampleRecordsMax = 200;
/** As many as 200 records of 100 columns; wider tables are judged by fewer. */
export const sampleCellsMax = 20_000;

/** Whether the first record that is not blank has a quote that is not closed, or text after a closing one: then there is no column to look for. */
export function beginsUnbalanced(head: Buffer, separator: number): boolean {
  const scanner = new RecordScanner(separator);
  for (let start = 0; start < head.length; ) {
    const next = scanner.scan(head, start, true);
    if (next < 0) return true;
    if (!scanner.isBlank(head)) return false;
    start = next;
  }
  return false;
}

/** The first non-blank records, as text, until the sample is full. A record that the sample cuts is left out, unless it is the only one. */
export function sampleRecords(head: Buffer, separator: number, isWhole: boolean): string[][] {
  const scanner = new RecordScanner(separator);
  const records: string[][] = [];
  let start = 0;
  let cells = 0;
  // A header alone tells nothing of its columns.
  const isFull = () =>
    records.length >= sampleRecordsMax || (cells >= sampleCellsMax && records.length >= 2);
  while (start < head.length && !isFull()) {
    let next = scanner.scan(head, start, isWhole);
    if (next < 0 && records.length === 0) next = scanner.scan(head, start, true);
    // Broken quotes are the reader's to refuse; the sample ends before them.
    if (next < 0) break;
    if (!scanner.isBlank(head)) {
      cells += scanner.cellCount;
      records.push(
        Array.from({ length: scanner.cellCount }, (_, cell) => scanner.text(head, cell).trim()),
      );
    }
    start = next;
  }
  return records;
}
