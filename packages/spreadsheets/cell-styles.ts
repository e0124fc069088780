import { UnreadableWorkbook } from './unreadable-workbook.ts';
import { attributeValue } from './xml-text.ts';
import { localNameIs, type XmlConsumer } from './xml-tokenizer.ts';

/** Excel's own limit for the formats of cells in one workbook is 65,490. */
const maxStyles = 65_536;

/** Reads `styles.xml` for one thing: which cell formats show a number as a date or time. */
export class CellStyles implements XmlConsumer {
  /** By the index that a cell's `s` gives. */
  readonly #dates: boolean[] = [];
  readonly #custom = new Map<string, boolean>();
  #isInFormats = false;

  /** Whether cells of this style are dates or times. */
  isDate(style: number): boolean {
    return this.#dates[style] ?? false;
  }

  open(bytes: Buffer, nameStart: number, nameEnd: number, tagEnd: number): void {
    if (localNameIs(bytes, nameStart, nameEnd, 'xf')) {
      if (!this.#isInFormats) return;
      refuseTooMany(this.#dates.length);
      const format = attributeValue(bytes.toString('utf8', nameEnd, tagEnd), 'numFmtId') ?? '0';
      this.#dates.push(this.#custom.get(format) ?? isBuiltInDate(Number(format)));
    } else if (localNameIs(bytes, nameStart, nameEnd, 'numFmt')) {
      refuseTooMany(this.#custom.size);
      const tag = bytes.toString('utf8', nameEnd, tagEnd);
      const id = attributeValue(tag, 'numFmtId') ?? '';
      this.#custom.set(id, isDateFormat(attributeValue(tag, 'formatCode') ?? ''));
    } else if (localNameIs(bytes, nameStart, nameEnd, 'cellXfs')) this.#isInFormats = true;
  }

  close(bytes: Buffer, nameStart: number, nameEnd: number): void {
    if (localNameIs(bytes, nameStart, nameEnd, 'cellXfs')) this.#isInFormats = false;
  }

  text(): void {}
}

function refuseTooMany(count: number): void {
  if (count < maxStyles) return;
  throw new UnreadableWorkbook('too_large', `more than ${maxStyles} cell formats`);
}

/** ECMA-376 part 1 §18.8.30: 14 to 22 and 45 to 47; 27 to 36 and 50 to 58 in East Asian languages. */
function isBuiltInDate(format: number): boolean {
  return (
    (format >= 14 && format <= 22) ||
    (format >= 27 && format <= 36) ||
    (format >= 45 && format <= 47) ||
    (format >= 50 && format <= 58)
  );
}

/** A format code shows a date where it asks for a part of one outside quotes, escapes and brackets (§18.8.31). */
function isDateFormat(code: string): boolean {
  const [positive = ''] = code
    .replace(/"[^"]*"?|\\.|_.|\*./g, '')
    .replace(/\[(?:h+|m+|s+)\]/gi, 'h')
    .replace(/\[[^\]]*\]?/g, '')
    .split(';');
  return /[ymdhs]/i.test(positive.replace(/general/i, ''));
}
