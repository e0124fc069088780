import { CarryBuffer } from './carry-buffer.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';

/**
 * What the tokenizer tells. Names come without their namespace prefix. Bytes are valid only during the call; but a text
 * with `beforeClose` is followed at once by its element's `close`, and is still valid there.
 */
export interface XmlConsumer {
  /** Attributes stand in `nameEnd..tagEnd`. */
  open(bytes: Buffer, nameStart: number, nameEnd: number, tagEnd: number): void;
  close(bytes: Buffer, nameStart: number, nameEnd: number): void;
  /** `isRaw`: from CDATA, so that `&` is itself. */
  text(bytes: Buffer, start: number, end: number, beforeClose: boolean, isRaw: boolean): void;
}

const lessThan = 0x3c;
const greaterThan = 0x3e;
const slash = 0x2f;
const exclamation = 0x21;
const question = 0x3f;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const colon = 0x3a;

/** A tag, comment or text that is longer than this is refused; sheets have none, and it bounds what is carried. */
const maxToken_bytes = 65_536;
/** A sheet's text stands eight deep. */
const maxDepth = 128;

/**
 * Tags and texts of an XML document out of pieces of bytes: enough of XML for spreadsheets, nothing that an attacker
 * wants. A DOCTYPE is refused, so there are no entities of a document's own.
 */
export class XmlTokenizer {
  readonly #consumer: XmlConsumer;
  readonly #carry = new CarryBuffer();
  #depth = 0;
  /** What stands open, each name as a hash, since its bytes are gone when it is closed. */
  readonly #open = new Int32Array(maxDepth);
  #hasRoot = false;
  #isFirstPiece = true;

  constructor(consumer: XmlConsumer) {
    this.#consumer = consumer;
  }

  push(piece: Buffer): void {
    if (this.#isFirstPiece) {
      this.#isFirstPiece = false;
      refuseOtherEncoding(piece);
    }
    const carry = this.#carry;
    carry.append(piece);
    let position = 0;
    for (;;) {
      const next = this.#token(position);
      if (next < 0) break;
      position = next;
    }
    carry.keepFrom(position);
    if (carry.kept_bytes > maxToken_bytes) {
      throw new UnreadableWorkbook(
        'cell_too_large',
        `a text or tag of more than ${maxToken_bytes} bytes`,
      );
    }
  }

  /** Refuses a document that is not closed. */
  end(): void {
    if (this.#depth !== 0 || !this.#hasRoot) {
      throw new UnreadableWorkbook('cut', 'its XML ends before it is closed');
    }
  }

  /** Reads a text and the markup behind it; −1 while they are not all here. */
  #token(start: number): number {
    const { bytes, length } = this.#carry;
    let tag = start;
    while (tag < length && bytes[tag] !== lessThan) tag++;
    if (tag + 1 >= length) return -1;
    const kind = bytes[tag + 1];
    if (kind === slash) return this.#closeTag(start, tag);
    if (kind === exclamation) return this.#declaration(start, tag);
    if (kind === question) {
      const end = bytes.subarray(0, length).indexOf('?>', tag + 2);
      if (end < 0) return -1;
      this.#text(start, tag, false, false);
      return end + 2;
    }
    return this.#openTag(start, tag);
  }

  #openTag(textStart: number, tag: number): number {
    const { bytes, length } = this.#carry;
    let nameStart = tag + 1;
    let nameEnd = 0;
    let position = nameStart;
    for (; ; position++) {
      if (position >= length) return -1;
      const byte = bytes[position] as number;
      if (byte === greaterThan) break;
      if (byte === colon && nameEnd === 0) nameStart = position + 1;
      else if (byte <= 0x20 && nameEnd === 0) nameEnd = position;
      else if (byte === doubleQuote || byte === singleQuote) {
        position++;
        while (position < length && bytes[position] !== byte) position++;
      }
    }
    const isSelfClosing = bytes[position - 1] === slash;
    const tagEnd = isSelfClosing ? position - 1 : position;
    if (nameEnd === 0) nameEnd = tagEnd;
    this.#text(textStart, tag, false, false);
    this.#hasRoot = true;
    this.#consumer.open(bytes, nameStart, nameEnd, tagEnd);
    if (isSelfClosing) this.#consumer.close(bytes, nameStart, nameEnd);
    else {
      if (this.#depth === maxDepth)
        throw new UnreadableWorkbook('malformed', 'its XML nests too deep');
      this.#open[this.#depth++] = nameHash(bytes, nameStart, nameEnd);
    }
    return position + 1;
  }

  #closeTag(textStart: number, tag: number): number {
    const { bytes, length } = this.#carry;
    let nameStart = tag + 2;
    let nameEnd = 0;
    let position = nameStart;
    for (; ; position++) {
      if (position >= length) return -1;
      const byte = bytes[position] as number;
      if (byte === greaterThan) break;
      if (byte === colon) nameStart = position + 1;
      else if (byte <= 0x20 && nameEnd === 0) nameEnd = position;
    }
    if (nameEnd === 0) nameEnd = position;
    this.#text(textStart, tag, true, false);
    if (--this.#depth < 0 || this.#open[this.#depth] !== nameHash(bytes, nameStart, nameEnd)) {
      throw new UnreadableWorkbook('malformed', 'its XML closes what was not opened');
    }
    this.#consumer.close(bytes, nameStart, nameEnd);
    return position + 1;
  }

  /** A comment, CDATA, or what is refused. */
  #declaration(textStart: number, tag: number): number {
    const { bytes, length } = this.#carry;
    const whole = bytes.subarray(0, length);
    if (tag + 9 > length) {
      // Nine bytes tell CDATA; a comment that is shorter ends the document, which `end` then judges.
      return -1;
    }
    const opening = whole.toString('latin1', tag, tag + 9);
    if (opening.startsWith('<!--')) {
      const end = whole.indexOf('-->', tag + 4);
      if (end < 0) return -1;
      this.#text(textStart, tag, false, false);
      return end + 3;
    }
    if (opening === '<![CDATA[') {
      const end = whole.indexOf(']]>', tag + 9);
      if (end < 0) return -1;
      this.#text(textStart, tag, false, false);
      this.#text(tag + 9, end, false, true);
      return end + 3;
    }
    throw new UnreadableWorkbook('doctype', 'its XML declares a document type');
  }

  #text(start: number, end: number, beforeClose: boolean, isRaw: boolean): void {
    if (end > start) this.#consumer.text(this.#carry.bytes, start, end, beforeClose, isRaw);
  }
}

function nameHash(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let position = start; position < end; position++) {
    hash = (Math.imul(hash, 31) + (bytes[position] as number)) | 0;
  }
  return hash;
}

function refuseOtherEncoding(piece: Buffer): void {
  const start = piece.toString('latin1', 0, 200);
  const named = /^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*encoding=["']([^"']*)["']/.exec(start)?.[1];
  const isUtf16 = start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff');
  if (isUtf16 || (named !== undefined && !/^(utf-?8|us-ascii)$/i.test(named))) {
    throw new UnreadableWorkbook('unsupported_encoding', 'its XML is not UTF-8');
  }
}

/** Whether the name at these bytes is an ASCII name, without making a string of it. */
export function localNameIs(
  bytes: Buffer,
  nameStart: number,
  nameEnd: number,
  name: string,
): boolean {
  if (nameEnd - nameStart !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (bytes[nameStart + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}
