import { encodeBatch } from './batch-message.ts';
import type { ReadResultOptions } from './read-context.ts';
import { readResult } from './read-result.ts';

// The program of the process that reads a stranger's file, and the next of the same stranger (`start-result-reader.ts`): it begins with two open
// files and the code below it, and has nothing else. What it says is a byte that tells batches from the outcome, and that.

/** The file, and one to inflate a workbook within an archive to. */
const file = { fd: 3 } as const;
const spill = { fd: 4 } as const;

export const batchMessage = 0;
export const outcomeMessage = 1;

export async function* run(request: unknown): AsyncGenerator<Uint8Array> {
  const reading = readResult(file, { ...(request as ReadResultOptions), spill });
  for (;;) {
    const step = await reading.next();
    if (step.done === true) {
      yield message(outcomeMessage, Buffer.from(JSON.stringify(step.value)));
      return;
    }
    yield message(batchMessage, encodeBatch(step.value));
  }
}

function message(kind: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([kind]), bytes]);
}
