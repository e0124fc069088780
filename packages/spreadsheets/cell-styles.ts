import { builtInFormat, customFormat, type NumberFormat, plainNumber } from './number-format.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import { attributeValue } from './xml-text.ts';
import { localNameIs, type XmlConsumer } from './xml-tokenizer.ts';

/** Excel's own limit for the formats of cells in one workbook is 65,490. */
const maxStyles = 65_536;

/** Reads `styles.xml` for one thing: what cell formats make of a number. */
export class CellStyles implements XmlConsumer {
  /** By the index that a cell's `s` gives. */
  readonly #formats: NumberFormat[] = [];
  readonly #custom = new Map<string, NumberFormat>();
  #isInFormats = false;

  /** What cells of this style show. */
  formatOf(style: number): NumberFormat {
    return this.#formats[style] ?? plainNumber;
  }

  open(bytes: Buffer, nameStart: number, nameEnd: number, tagEnd: number): void {
    if (localNameIs(bytes, nameStart, nameEnd, 'xf')) {
      if (!this.#isInFormats) return;
      refuseTooMany(this.#formats.length);
      const format = attributeValue(bytes.toString('utf8', nameEnd, tagEnd), 'numFmtId') ?? '0';
      this.#formats.push(this.#custom.get(format) ?? builtInFormat(Number(format)));
    } else if (localNameIs(bytes, nameStart, nameEnd, 'numFmt')) {
      refuseTooMany(this.#custom.size);
      const tag = bytes.toString('utf8', nameEnd, tagEnd);
      const id = attributeValue(tag, 'numFmtId') ?? '';
      this.#custom.set(id, customFormat(attributeValue(tag, 'formatCode') ?? ''));
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
