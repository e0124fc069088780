// Finds where a JSON value (RFC 8259) ends, checking every byte of it. The nesting is kept on an explicit
// stack, so that ten thousand brackets cost ten thousand numbers and no call stack.

export const jsonOutcome = {
  /** The value goes on after these bytes. */
  incomplete: -1,
  /** This is not JSON. */
  broken: -2,
} as const;

const quote = 0x22;
const backslash = 0x5c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
const comma = 0x2c;
const colon = 0x3a;
const lowestText = 0x20;

const simpleEscapes = new Set([...Buffer.from('"\\/bfnrt')]);
const unicodeEscape = 0x75;
const unicodeEscapeBytes = 6;
const numberBytes = new Set([...Buffer.from('+-.0123456789eE')]);
const numberGrammar = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const words = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** Position after the blanks that JSON allows between tokens. */
export function skipJsonBlanks(bytes: Buffer, from: number): number {
  let at = from;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/** Position after the value at `from`, or a {@link jsonOutcome}. `last` says that nothing follows the bytes. */
export function scanJsonValue(bytes: Buffer, from: number, last: boolean): number {
  const byte = bytes[from];
  if (byte !== openArray && byte !== openObject) return scanScalar(bytes, from, last);
  return scanNested(bytes, from, last);
}

function scanNested(bytes: Buffer, from: number, last: boolean): number {
  const open: number[] = [];
  let at = from;
  /** Whether a value has just ended, so that only `,` or a closing bracket may come. */
  let ended = false;
  do {
    at = skipJsonBlanks(bytes, at);
    if (at >= bytes.length) return jsonOutcome.incomplete;
    const byte = bytes[at];
    const inside = open.at(-1);
    if (ended) {
      if (byte === comma) {
        at = inside === openObject ? scanKey(bytes, at + 1, last) : at + 1;
        if (at < 0) return at;
        ended = false;
      } else if (closes(byte, inside)) {
        open.pop();
        at += 1;
      } else return jsonOutcome.broken;
    } else if (byte === openArray || byte === openObject) {
      const first = skipJsonBlanks(bytes, at + 1);
      if (first >= bytes.length) return jsonOutcome.incomplete;
      if (closes(bytes[first], byte)) {
        at = first + 1;
        ended = true;
      } else {
        open.push(byte);
        at = byte === openObject ? scanKey(bytes, first, last) : first;
        if (at < 0) return at;
      }
    } else {
      at = scanScalar(bytes, at, last);
      if (at < 0) return at;
      ended = true;
    }
  } while (open.length > 0);
  return at;
}

function closes(byte: number | undefined, opened: number | undefined): boolean {
  return (
    (byte === closeArray && opened === openArray) || (byte === closeObject && opened === openObject)
  );
}

/** A key and its colon. */
function scanKey(bytes: Buffer, from: number, last: boolean): number {
  const start = skipJsonBlanks(bytes, from);
  if (start >= bytes.length) return jsonOutcome.incomplete;
  if (bytes[start] !== quote) return jsonOutcome.broken;
  const end = scanScalar(bytes, start, last);
  if (end < 0) return end;
  const at = skipJsonBlanks(bytes, end);
  if (at >= bytes.length) return jsonOutcome.incomplete;
  return bytes[at] === colon ? at + 1 : jsonOutcome.broken;
}

function scanScalar(bytes: Buffer, from: number, last: boolean): number {
  const byte = bytes[from];
  if (byte === undefined) return jsonOutcome.incomplete;
  if (byte === quote) return scanString(bytes, from + 1);
  if (numberBytes.has(byte)) return scanNumber(bytes, from, last);
  for (const word of words) {
    const there = bytes.subarray(from, from + word.length);
    if (there.equals(word)) return from + word.length;
    if (!last && there.equals(word.subarray(0, there.length))) return jsonOutcome.incomplete;
  }
  return jsonOutcome.broken;
}

function scanNumber(bytes: Buffer, from: number, last: boolean): number {
  let at = from;
  while (at < bytes.length && numberBytes.has(bytes[at] ?? 0)) at += 1;
  if (at === bytes.length && !last) return jsonOutcome.incomplete;
  return numberGrammar.test(bytes.toString('latin1', from, at)) ? at : jsonOutcome.broken;
}

/** `from` is after the opening quote. */
function scanString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < lowestText) return jsonOutcome.broken;
    if (byte !== backslash) continue;
    const escaped = bytes[at + 1];
    if (escaped === undefined) return jsonOutcome.incomplete;
    if (simpleEscapes.has(escaped)) at += 1;
    else if (escaped === unicodeEscape) {
      const escape = bytes.toString('latin1', at, at + unicodeEscapeBytes);
      if (!/^\\u[\da-fA-F]*$/.test(escape)) return jsonOutcome.broken;
      if (escape.length < unicodeEscapeBytes) return jsonOutcome.incomplete;
      at += unicodeEscapeBytes - 1;
    } else return jsonOutcome.broken;
  }
  return jsonOutcome.incomplete;
}
