import { Readable } from 'node:stream';
import yazl from 'yazl';
import type { Task } from '../tasks.ts';
import type { Appearance } from './appearance.ts';
import type { FileEdits } from './edits.ts';
import { attributeOf, csvTable, inChunks, numberLines } from './text-tables.ts';
import { type RowChoice, verdictRows } from './verdict-rows.ts';
import { writeXlsx } from './xlsx.ts';

type TableAppearance = Extract<Appearance, { kind: 'table' }>;

/** The result file of `tasks-v1` and `simple-tasks` in the layout that its appearance names. */
export function resultTable(
  task: Task,
  appearance: TableAppearance,
  edits: FileEdits,
): NodeJS.ReadableStream {
  const { attributes, number_header, verdict_header } = task.traits;
  const rows = (choice: RowChoice) => verdictRows(task, edits, appearance.plus, choice);
  const madeAt = new Date(task.createdAtMs);
  const csv = () => text(csvTable(rows('all'), attributes));
  const list = (choice: RowChoice) => () => text(numberLines(rows(choice), '\n'));
  const xlsx = () =>
    writeXlsx(
      {
        header: [number_header, verdict_header, ...attributes],
        rows: () =>
          rows('all').map((row) => [
            row.number,
            row.word,
            ...attributes.map((name) => attributeOf(name, row)),
          ]),
      },
      appearance.cells,
      madeAt,
    );
  switch (appearance.layout) {
    case 'zip_full':
    case 'zip_registered':
      return zipOf(madeAt, {
        'all.csv': csv,
        'result.xlsx': xlsx,
        [appearance.layout === 'zip_full' ? 'activated.txt' : 'registered.txt']: list('yes'),
        'unregistered.txt': list('no'),
      });
    case 'zip_xlsx':
      return zipOf(madeAt, { 'result.xlsx': xlsx });
    case 'zip_csv':
      return zipOf(madeAt, { 'all.csv': csv });
    case 'xlsx':
      return xlsx();
    case 'csv':
      return csv();
  }
}

/** Streams one member after the other; a workbook is a zip already and is stored as it is. */
function zipOf(
  madeAt: Date,
  members: Record<string, () => NodeJS.ReadableStream>,
): NodeJS.ReadableStream {
  const zip = new yazl.ZipFile();
  for (const [name, open] of Object.entries(members)) {
    const compressionLevel = name.endsWith('.xlsx') ? 0 : 1;
    zip.addReadStreamLazy(name, { mtime: madeAt, compressionLevel }, (deliver) =>
      deliver(null, open()),
    );
  }
  zip.end();
  return zip.outputStream;
}

function text(pieces: Iterable<string>): Readable {
  return Readable.from(inChunks(pieces), { objectMode: false });
}
