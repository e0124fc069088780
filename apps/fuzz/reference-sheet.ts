/** What a sheet says, of which only the plain rows are read. */
export interface SheetSaid {
  /** Of each plain row, the cells A and B; the header among them. */
  readonly records: readonly (readonly [string, string])[];
  /** Every run of digits that stands anywhere else: of these numbers nothing is known. */
  readonly unclear: ReadonlySet<string>;
  readonly isHeaderPlain: boolean;
}

const value = '(?:<v>([^<>&]*)</v>|<is><t>([^<>&]*)</t></is>)';
const cell = (column: string) => `<c r="${column}\\d+"( t="s"| t="inlineStr")?>${value}</c>`;
const plainRow = new RegExp(`^<row r="\\d+">${cell('A')}${cell('B')}</row>(</sheetData>.*)?$`, 's');
const plainStrings = /^<\?xml[^<>]*\?>\s*<sst [^<>]*>((?:<si><t>[^<>&]*<\/t><\/si>)*)<\/sst>$/;

/**
 * A sheet read a second time, by patterns and not as packages/spreadsheets does, so that an error is not mirrored by its own test. It knows what the fuzz
 * packs, two cells a row; a row that was damaged is not read.
 * @param strings its shared texts, null where it has none
 */
export function referenceSheet(sheet: string, strings: string | null): SheetSaid {
  const list = strings === null ? '' : plainStrings.exec(strings)?.[1];
  const shared = list?.split(/<[^>]*>/).filter((_, at) => at % 4 === 2);
  const records: (readonly [string, string])[] = [];
  const unclear: string[] = [strings ?? ''];
  // Behind the end of the table, and where something hides what follows it, no row is read.
  const end = sheet.search(/<\/sheetData>|<!/);
  const table = end < 0 ? sheet : sheet.slice(0, end);
  unclear.push(sheet.slice(table.length));
  const [before = '', ...rows] = table.split(/(?=<row\b)/);
  unclear.push(before);
  let isHeaderPlain = false;
  for (const [at, row] of rows.entries()) {
    const [, kindA, ofA, inA, kindB, ofB, inB] = plainRow.exec(row) ?? [];
    const first = textOf(kindA, ofA ?? inA, shared);
    const second = textOf(kindB, ofB ?? inB, shared);
    if (first === undefined || second === undefined) unclear.push(row);
    else records.push([first, second]);
    if (at === 0) isHeaderPlain = first === 'number' && second === 'telegram';
  }
  const digits = unclear.flatMap((text) => text.match(/\d{7,}/g) ?? []);
  return { records, unclear: new Set(digits), isHeaderPlain };
}

function textOf(
  kind: string | undefined,
  text: string | undefined,
  shared: readonly string[] | undefined,
): string | undefined {
  if (kind !== ' t="s"') return text;
  return /^\d+$/.test(text ?? '') ? shared?.[Number(text)] : undefined;
}
