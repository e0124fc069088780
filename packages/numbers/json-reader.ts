import { decodeText } from './decode-text.ts';
import { jsonOutcome, scanJsonValue, skipJsonBlanks } from './json-scanner.ts';
import type { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';
import type { LineWatcher, RecordReader } from './record-reader.ts';
import { refuseLongLine } from './record-reader.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;

const wholeNumber = /^\d+(?:\.0+)?$/;
const rejectedTextBytesMax = 1024;

/** What the array allows next. */
type Expectation = 'array' | 'first element' | 'element' | 'comma' | 'nothing';

/**
 * One top-level JSON array of strings or whole numbers, streamed: an element is in memory, never the
 * array. Other elements (objects, arrays, `null`, fractions, negative or scientific numbers) are
 * rejects; what is not JSON, or no array, is refused.
 */
export function readJson(sink: LineSink, maxLineBytes: number, watch?: LineWatcher): RecordReader {
  let expected: Expectation = 'array';
  let rest: Buffer = Buffer.alloc(0);
  let restOffset = 0;

  function takeElement(bytes: Buffer, start: number, end: number): Refusal | undefined {
    if (bytes[start] === quote) {
      if (!bytes.subarray(start, end).includes(backslash)) {
        if (watch !== undefined) tellElement(decodeText(bytes, start + 1, end - 1), start, end);
        return sink.takeBytes(bytes, start + 1, end - 1);
      }
      const text: unknown = JSON.parse(decodeText(bytes, start, end));
      tellElement(String(text), start, end);
      return sink.takeText(String(text));
    }
    const text = decodeText(bytes, start, Math.min(end, start + rejectedTextBytesMax));
    tellElement(text, start, end);
    return wholeNumber.test(text) ? sink.takeText(text) : sink.takeNonNumber(text);
  }

  function tellElement(text: string, start: number, end: number): void {
    watch?.([text], restOffset + start, restOffset + end);
  }

  function refuseBroken(offset: number): Refusal {
    return refuse(
      'not_json',
      expected === 'array'
        ? 'A JSON upload has to be one array of phone numbers: ["+44…", …].'
        : `The JSON is broken or cut at byte ${restOffset + offset}, after ${sink.lines} elements. Send one whole array.`,
      sink.lines + 1,
    );
  }

  function read(bytes: Buffer, last: boolean): Refusal | undefined {
    let at = 0;
    for (;;) {
      at = skipJsonBlanks(bytes, at);
      const byte = bytes[at];
      if (byte === undefined) break;
      if (expected === 'array' && byte === openArray) {
        expected = 'first element';
        at += 1;
      } else if (expected === 'comma' && byte === comma) {
        expected = 'element';
        at += 1;
      } else if (byte === closeArray && (expected === 'comma' || expected === 'first element')) {
        expected = 'nothing';
        at += 1;
      } else if (expected === 'element' || expected === 'first element') {
        const end = scanJsonValue(bytes, at, last);
        const length = (end < 0 ? bytes.length : end) - at;
        if (end === jsonOutcome.broken) return refuseBroken(at);
        if (length > maxLineBytes) return refuseLongLine(sink.lines + 1, maxLineBytes, 'Element');
        if (end < 0) break;
        const refusal = takeElement(bytes, at, end);
        if (refusal !== undefined) return refusal;
        expected = 'comma';
        at = end;
      } else return refuseBroken(at);
    }
    rest = bytes.subarray(at);
    restOffset += at;
    return undefined;
  }

  return {
    write: (chunk) => read(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), false),
    end() {
      const refusal = read(rest, true);
      if (refusal !== undefined) return refusal;
      return expected === 'nothing' ? undefined : refuseBroken(rest.length);
    },
  };
}
