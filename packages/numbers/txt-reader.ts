import { decodeText } from './decode-text.ts';
import type { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import type { LineWatcher, RecordReader } from './record-reader.ts';
import { refuseLongLine } from './record-reader.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const highestBlank = 0x20;

/** One number a line. A line ends at LF, CR or both; blank lines are not counted. */
export function readTxt(sink: LineSink, maxLineBytes: number, watch?: LineWatcher): RecordReader {
  let rest: Buffer = Buffer.alloc(0);
  let restOffset = 0;
  let endedAtReturn = false;

  function take(bytes: Buffer, start: number, end: number): Refusal | undefined {
    if (end - start > maxLineBytes) return refuseLongLine(sink.lines + 1, maxLineBytes, 'Line');
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      // NUL is no blank: a line of NULs is a line that holds no number, and is said to be one.
      if (byte <= highestBlank && byte !== 0) continue;
      if (watch !== undefined) {
        watch([decodeText(bytes, start, end)], restOffset + start, restOffset + end);
      }
      return sink.takeBytes(bytes, start, end);
    }
    return sink.takeBlank();
  }

  return {
    write(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let at = rest.length; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte !== lineFeed && byte !== carriageReturn) continue;
        // The LF of a CRLF ends nothing that the CR has not ended.
        const endsLine = byte === carriageReturn || at > start || !endedAtReturn;
        const refusal = endsLine ? take(bytes, start, at) : undefined;
        if (refusal !== undefined) return refusal;
        endedAtReturn = byte === carriageReturn;
        start = at + 1;
      }
      rest = bytes.subarray(start);
      restOffset += start;
      return rest.length > maxLineBytes
        ? refuseLongLine(sink.lines + 1, maxLineBytes, 'Line')
        : undefined;
    },
    end: () => (rest.length === 0 ? undefined : take(rest, 0, rest.length)),
  };
}
