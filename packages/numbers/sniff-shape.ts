import { compileNormaliser } from './compile-normaliser.ts';
import { findNumberColumn } from './find-number-column.ts';
import { isNumberHeader } from './header-aliases.ts';
import type { NumberColumn, TextFormat } from './intake.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';
import { beginsUnbalanced, sampleRecords } from './sample-records.ts';
import { sniffSeparator } from './sniff-separator.ts';

/** How a text is to be read. */
export type TextShape =
  | { readonly kind: 'txt' | 'json' }
  | {
      readonly kind: 'separated';
      readonly format: 'csv' | 'tsv';
      readonly separator: number;
      readonly column: NumberColumn;
      readonly header?: readonly string[];
    };

export interface WantedShape {
  readonly format: TextFormat | undefined;
  readonly column: string | undefined;
  readonly defaultRegion: string | undefined;
}

const comma = 0x2c;
const tab = 0x09;

/**
 * Tells an upload's shape from its first bytes (`isWhole`: from all of them), as far as the caller has
 * not said it. A JSON array begins with `[`; a table has a separator, a quoted first cell, or a first
 * line that is the name of a column; a column asked for makes it a table. All else is one number a line.
 */
export async function sniffShape(
  head: Buffer,
  isWhole: boolean,
  wanted: WantedShape,
): Promise<TextShape | Refusal> {
  const format = wanted.format ?? sniffTextKind(head, isWhole, wanted.column !== undefined);
  if (format === 'txt' || format === 'json') {
    if (wanted.column === undefined) return { kind: format };
    return refuse('unknown_column', `A ${format} upload has no columns. Leave the column out.`);
  }
  const separator = format === 'tsv' ? tab : (sniffSeparator(head, isWhole) ?? comma);
  if (beginsUnbalanced(head, separator)) {
    return refuse(
      'unbalanced_quote',
      'The first record opens a quote that is not closed, or has text after a closing one. Close it, or remove it; a quote inside a quoted cell is written twice.',
      1,
    );
  }
  const normalise = compileNormaliser(wanted.defaultRegion);
  const found = await findNumberColumn(
    sampleRecords(head, separator, isWhole),
    wanted.column,
    (text) => typeof normalise(text) === 'number',
  );
  if (found.kind === 'refused') return found;
  return {
    kind: 'separated',
    format: separator === tab ? 'tsv' : 'csv',
    separator,
    column: found.column,
    ...(found.header === undefined ? {} : { header: found.header }),
  };
}

function sniffTextKind(head: Buffer, isWhole: boolean, wantsColumn: boolean): TextFormat {
  const start = head.subarray(0, 1024).toString('latin1').trimStart();
  if (start.startsWith('[') || start.startsWith('{')) return 'json';
  if (wantsColumn || start.startsWith('"')) return 'csv';
  if (sniffSeparator(head, isWhole) !== undefined) return 'csv';
  const firstLine = sampleRecords(head.subarray(0, 1024), comma, false)[0];
  return firstLine?.length === 1 && isNumberHeader(firstLine[0] ?? '') ? 'csv' : 'txt';
}
