const quote = 0x22;
const backslash = 0x5c;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);
const comma = 0x2c;
const colon = 0x3a;
const openArray = 0x5b;
const numbersKey = '"numbers"';
/** With each of its letters escaped, as `\u006e`. */
const numbersKeyLengthMax = 44;

/**
 * Parts a JSON object, while it arrives, into the array under its top-level key `numbers` and everything else. The
 * array may be of any size and is handed on as bytes; the rest is small and parsed as usual, with `null` where the array
 * stood. This only finds where the array begins and ends: both parts are checked by whoever parses them.
 */
export class JsonSplitter {
  readonly #fieldBytesMax: number;
  readonly #fields: Buffer[] = [];
  /** The fields that came before the array, closed, so that they can be parsed alone. */
  #before: readonly Buffer[] = [];
  #fieldBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last string at the top level, its quotes included, as far as it could still be the key. */
  #lastString = '';
  #isNumbersKey = false;
  #numbers: 'before' | 'inside' | 'after' = 'before';
  #seen = false;
  #twice = false;

  constructor(fieldBytesMax: number) {
    this.#fieldBytesMax = fieldBytesMax;
  }

  get numbers(): 'before' | 'inside' | 'after' {
    return this.#numbers;
  }

  /** Everything but the numbers is larger than it may be; nothing more of it is kept. */
  get tooLarge(): boolean {
    return this.#fieldBytes > this.#fieldBytesMax;
  }

  /** `numbers` came a second time, whatever stands under it: JSON's parser would keep the last. */
  get twice(): boolean {
    return this.#twice;
  }

  /** Takes the next bytes and returns those of them that belong to the array. */
  feed(chunk: Buffer): Buffer {
    let outsideFrom = this.#numbers === 'inside' ? -1 : 0;
    let insideFrom = this.#numbers === 'inside' ? 0 : -1;
    let inside = chunk.subarray(0, 0);
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) this.#takeInString(byte);
      else if (byte === quote) {
        this.#inString = true;
        this.#lastString = '"';
      } else if (openings.has(byte)) {
        if (
          byte === openArray &&
          this.#depth === 1 &&
          this.#isNumbersKey &&
          this.#numbers === 'before'
        ) {
          this.#keep(chunk.subarray(outsideFrom, at));
          this.#keep(Buffer.from('null'));
          this.#before = [...this.#fields, Buffer.from('}')];
          outsideFrom = -1;
          insideFrom = at;
          this.#numbers = 'inside';
        }
        this.#depth += 1;
      } else if (closings.has(byte)) {
        this.#depth -= 1;
        if (this.#numbers === 'inside' && this.#depth === 1) {
          inside = chunk.subarray(insideFrom, at + 1);
          insideFrom = -1;
          outsideFrom = at + 1;
          this.#numbers = 'after';
        }
      } else if (this.#depth === 1 && byte === colon) this.#takeKey();
      else if (this.#depth === 1 && byte === comma) this.#isNumbersKey = false;
    }
    if (outsideFrom >= 0) this.#keep(chunk.subarray(outsideFrom));
    return insideFrom >= 0 ? chunk.subarray(insideFrom) : inside;
  }

  /** The fields that came before the array, parsed; undefined where they are no JSON. */
  fieldsBefore(): unknown {
    return parse(this.#before);
  }

  /** All fields, parsed, at the end of the body; undefined where they are no JSON. */
  fields(): unknown {
    return parse(this.#fields);
  }

  #takeKey(): void {
    this.#isNumbersKey = isNumbersKey(this.#lastString);
    this.#twice ||= this.#isNumbersKey && this.#seen;
    this.#seen ||= this.#isNumbersKey;
  }

  #takeInString(byte: number): void {
    if (this.#lastString.length <= numbersKeyLengthMax)
      this.#lastString += String.fromCharCode(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #keep(bytes: Buffer): void {
    this.#fieldBytes += bytes.length;
    if (!this.tooLarge) this.#fields.push(bytes);
  }
}

/** JSON may write any letter of a key as an escape, and readers of it see no difference. */
function isNumbersKey(text: string): boolean {
  if (!text.includes('\\')) return text === numbersKey;
  try {
    return JSON.parse(text) === 'numbers';
  } catch {
    return false;
  }
}

function parse(pieces: readonly Buffer[]): unknown {
  try {
    return JSON.parse(
      Buffer.concat(pieces)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
    );
  } catch {
    return undefined;
  }
}
