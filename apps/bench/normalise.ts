import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineSink, readTxt } from '@rollcall/numbers';
import type { Bench } from './bench.ts';
import { writeNumbers } from './ground/make-numbers.ts';

const bar_per_s = 1_500_000;
/** As the network hands an upload over. */
const chunkBytes = 65_536;

/** Lines into numbers, on one thread and without sorting or keeping anything, against a look at each byte. */
export const normalise: Bench = {
  name: 'normalise',
  about: 'lines of a clean txt into numbers, one thread, nothing kept',
  async run({ numbers = 1_000_000, folder }) {
    const path = join(folder, 'numbers.txt');
    await writeNumbers(path, numbers);
    const bytes = await readFile(path);
    let sum = 0;
    const sink = new LineSink(
      { add: (number) => (sum += number) },
      {
        add: (line, reason) => {
          throw new Error(`line ${line}: ${reason}`);
        },
      },
      { defaultRegion: undefined, maxLines: numbers },
    );
    const begun = performance.now();
    const reader = readTxt(sink, chunkBytes);
    for (let at = 0; at < bytes.length; at += chunkBytes)
      reader.write(bytes.subarray(at, at + chunkBytes));
    reader.end();
    const seconds = (performance.now() - begun) / 1_000;
    if (sink.lines !== numbers || sum === 0) throw new Error(`${sink.lines} lines were read`);
    const looked = performance.now();
    let lines = 0;
    for (const byte of bytes) if (byte === 0x0a) lines += 1;
    const floor_seconds = (performance.now() - looked) / 1_000;
    if (lines !== numbers) throw new Error(`the file has ${lines} lines`);
    const rate_per_s = numbers / seconds;
    return [
      {
        name: 'normalise',
        numbers,
        seconds,
        floor_seconds,
        ratio: seconds / floor_seconds,
        rate_per_s,
        peak_rss_mb: {},
        bar: '≥ 1.5 M lines/s a thread',
        ok: rate_per_s >= bar_per_s,
      },
    ];
  },
};
