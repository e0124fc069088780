import {
  absentMeans,
  type Outcome,
  type ResultSemantics,
  type Verdict,
  verdicts,
} from '@rollcall/domain';
import { referenceSheet } from './reference-sheet.ts';
import { referenceRecords } from './reference-table.ts';

/** What was sent. */
export interface Truth {
  readonly numbers: readonly number[];
  readonly verdicts: readonly Verdict[];
  /** The further column `note`, where there is one. */
  readonly notes: readonly string[] | null;
}

/** A file that nothing proves whole, as it reads: bare text or a member, or a sheet with its shared texts, that was damaged before it was packed. */
export type DamagedTable =
  | { readonly text: string; readonly separator: string }
  | {
      readonly sheet: string;
      readonly strings: string | null;
      /** The sheet was damaged, and not what it is found by. */
      readonly isSheet: boolean;
    };

/** What was believed of it, number by number. */
export interface Judged {
  readonly answers: readonly Outcome[];
  readonly attributes: readonly (Readonly<Record<string, string>> | null)[];
}

export const words: Partial<Record<Verdict, string>> = {
  registered: 'yes',
  not_registered: 'no',
  banned: 'ban',
  undetermined: 'no data',
};

/** What it means that a list has a number. */
export function listedVerdict(semantics: ResultSemantics): Verdict {
  return semantics === 'negatives_only' ? 'not_registered' : 'registered';
}

/**
 * What a file that was believed has to come to:
 * - `whole` (archives, damaged as such): what was sent, to the last row;
 * - `prefix` (text of which only the end is missing): no answer but those that were sent; what is not there is `missing`, and in a list nothing is missing;
 * - `said` (other text): what the damaged text says, read a second time. What it says may be untrue, and nobody can see that.
 */
export function judge(
  truth: Truth,
  read: Judged,
  semantics: ResultSemantics,
  proof: 'whole' | 'prefix' | 'said',
  damaged: DamagedTable | null,
): string | null {
  const isTable = semantics === 'table';
  const listedIs = listedVerdict(semantics);
  const absentIs = absentMeans(semantics);
  const said = proof === 'said' && damaged !== null ? reread(truth, damaged, semantics) : null;
  if (proof === 'said' && said === null && isTable) return null;
  const listed = truth.verdicts.filter((verdict) => verdict === listedIs).length;
  const isHeaderLost = isTable && !isHeaderThere(damaged);
  for (const [n, answer] of read.answers.entries()) {
    const sent: Outcome =
      isTable || truth.verdicts[n] === listedIs ? (truth.verdicts[n] ?? 'missing') : absentIs;
    if (proof === 'whole' && !isNoteKept(truth, read, n)) {
      return `number ${n} of ${truth.numbers.length}: its further column is not as it was sent`;
    }
    if (answer === sent) continue;
    const where = `number ${n} of ${truth.numbers.length}: ${answer}, sent as ${sent}`;
    // A list has to be as long as it was; that one number of it became another of the chunk cannot be seen.
    if (proof === 'whole' || (!isTable && said?.size !== listed)) return where;
    if (proof === 'prefix' && answer !== 'missing' && answer !== 'undetermined') return where;
    // Columns are what the header says: one that was damaged may lead to less, and not to another answer.
    if (isHeaderLost && (answer === 'missing' || answer === 'undetermined')) continue;
    const expected = said?.get(truth.numbers[n] ?? 0) ?? absentIs;
    if (proof === 'said' && expected !== 'unclear' && answer !== expected) {
      return `${where}, and the file says ${expected}`;
    }
  }
  return null;
}

/** The answers that a text gives, number by number; `unclear` where a row's number is not plain digits. Null: not to be read so. */
function reread(
  truth: Truth,
  damaged: DamagedTable,
  semantics: ResultSemantics,
): Map<number, Outcome | 'unclear'> | null {
  const isTable = semantics === 'table';
  const sheet = 'sheet' in damaged ? referenceSheet(damaged.sheet, damaged.strings) : null;
  const records = 'text' in damaged ? textRecords(damaged) : (sheet?.records ?? null);
  if (records === null) return null;
  const answers = new Map<number, Outcome | 'unclear'>();
  const known = new Set(truth.numbers);
  for (const digits of sheet?.unclear ?? []) answers.set(Number(digits), 'unclear');
  for (const [cell = '', word = ''] of records) {
    const digits = cell.replace(/\D/g, '');
    const isPlain = /^\s*\+?\d{7,15}\s*$/.test(cell);
    const number = Number(digits);
    if (!known.has(number)) continue;
    const verdict = isTable
      ? (verdicts.find((each) => words[each] === word.trim().toLowerCase()) ?? 'undetermined')
      : listedVerdict(semantics);
    const before = answers.get(number);
    if (!isPlain) answers.set(number, 'unclear');
    else if (before === undefined) answers.set(number, verdict);
    else if (before !== verdict && before !== 'unclear') answers.set(number, 'undetermined');
  }
  return answers;
}

function textRecords({ text, separator }: { readonly text: string; readonly separator: string }) {
  return referenceRecords(text.replace(/^\ufeff/, ''), separator);
}

function isHeaderThere(damaged: DamagedTable | null): boolean {
  if (damaged === null) return false;
  if ('text' in damaged) return /^\ufeff?number([,;\t])telegram(?:\1note)?\r?\n/.test(damaged.text);
  return damaged.isSheet && referenceSheet(damaged.sheet, damaged.strings).isHeaderPlain;
}

/** Of an archive that is believed, every cell is as it was packed. */
function isNoteKept({ notes }: Truth, { attributes }: Judged, n: number): boolean {
  return (attributes[n]?.['note'] ?? '') === (notes?.[n] ?? '');
}
