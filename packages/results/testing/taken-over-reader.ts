import { fstatSync, writeSync } from 'node:fs';
import { encodeBatch } from '../batch-message.ts';
import { batchMessage, outcomeMessage } from '../confined-reader.ts';
import type { ReadResultOptions } from '../read-context.ts';
import type { ResultBatch } from '../result-batch.ts';

// A program in the place of the one that reads results: as if a file had taken it over. It says what it is asked to.

export async function* run(request: unknown): AsyncGenerator<Uint8Array> {
  yield* lies[(request as ReadResultOptions).check as keyof typeof lies]();
}

const lies = {
  /** None: a file that was read. */
  async *nothing() {
    yield batch({});
    yield read(1);
  },
  /** Tries to change the file that it was given to read; the next one is written there. */
  async *write() {
    let code: unknown = 'written';
    try {
      writeSync(3, 'owned', 0);
    } catch (error) {
      ({ code } = error as NodeJS.ErrnoException);
    }
    yield batch({ note: String(code) });
    yield read(1);
  },
  /** Says what is left in the file to inflate to, and leaves something there. */
  async *spill() {
    yield batch({ note: String(fstatSync(4).size) });
    writeSync(4, 'left behind', 0);
    yield read(1);
  },
  async *memory() {
    yield batch({});
    const kept: Buffer[] = [];
    for (;;) kept.push(Buffer.alloc(1_048_576, 1));
  },
  /** As a full disk is told; nothing is wrong with the disk. */
  async *disk() {
    yield batch({});
    throw Object.assign(new Error('ENOSPC, says +447911123456'), { code: 'ENOSPC' });
  },
  async *attributes() {
    for (let n = 0; ; n += 1) yield batch({ note: `${n}${'x'.repeat(32_000)}` });
  },
  async *attribute() {
    yield batch({ note: 'x'.repeat(1_000_000) });
  },
  async *names() {
    for (let n = 0; ; n += 1)
      yield batch(Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`n${n}.${at}`, 'x'])));
  },
  async *name() {
    yield batch({ ['n'.repeat(1_000)]: 'x' });
  },
  async *control() {
    yield batch({ note: 'a\u0000b' });
  },
  async *message() {
    const message = `call +44 7911 123456\u001b[31m, row 12000000 ${'!'.repeat(5_000)}`;
    const member = 'of 447911123456\n';
    yield outcome({ kind: 'unreadable', code: 'corrupt', message, member, row: 12_000_000 });
  },
  async *rows() {
    yield batch({});
    yield read(2);
  },
  /** Rows behind the word that there are no more. */
  async *late() {
    yield batch({});
    yield read(1);
    yield batch({});
  },
  async *twice() {
    yield batch({});
    yield read(1);
    yield read(1);
  },
  async *kind() {
    yield batch({});
    yield Uint8Array.of(7);
    yield read(1);
  },
  async *silence() {
    yield batch({});
  },
} satisfies Record<string, () => AsyncGenerator<Uint8Array>>;

function batch(attributes: Readonly<Record<string, string>>): Uint8Array {
  const one: ResultBatch = {
    count: 1,
    numbers: Float64Array.of(447_911_123_456),
    verdicts: Uint8Array.of(0),
    attributes: [attributes],
    unreadable: [],
  };
  return Buffer.concat([Buffer.from([batchMessage]), encodeBatch(one)]);
}

function read(rows: number): Uint8Array {
  const counts = { rows, unreadableRows: 0, undeterminedRows: 0 };
  const lists = { columns: [], parts: [], ignored: [] };
  return outcome({ kind: 'read', format: 'csv', ...counts, ...lists, lastRecordTerminated: true });
}

function outcome(said: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.concat([Buffer.from([outcomeMessage]), Buffer.from(JSON.stringify(said))]);
}
