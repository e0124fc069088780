import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdicts } from '@rollcall/domain';
import {
  type ReadResultOptions,
  type ResultOutcome,
  readResult,
  type UnreadableRow,
} from '../index.ts';

export const telegramOptions: ReadResultOptions = {
  semantics: 'table',
  check: 'telegram',
  taskType: 'tg',
  verdictColumns: [],
  verdictWords: {},
};

/** A file read to its end: rows as `number verdict`, NaN for unreadable ones, and the outcome. */
export interface WholeRead {
  readonly rows: readonly string[];
  readonly attributes: readonly (Readonly<Record<string, string>> | null)[];
  readonly unreadable: readonly UnreadableRow[];
  readonly outcome: ResultOutcome;
}

/** Writes the bytes to a file of its own and reads it through the public port. */
export async function readBytes(
  bytes: string | Buffer,
  options: Partial<ReadResultOptions> = {},
): Promise<WholeRead> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-results-'));
  try {
    const path = join(folder, 'result.bin');
    await writeFile(path, bytes);
    return await collect(readResult({ path }, { ...telegramOptions, ...options }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function collect(reading: ReturnType<typeof readResult>): Promise<WholeRead> {
  const rows: string[] = [];
  const attributes: (Readonly<Record<string, string>> | null)[] = [];
  const unreadable: UnreadableRow[] = [];
  for (;;) {
    const step = await reading.next();
    if (step.done === true) return { rows, attributes, unreadable, outcome: step.value };
    const batch = step.value;
    for (let index = 0; index < batch.count; index++) {
      rows.push(`${batch.numbers[index]} ${verdicts[batch.verdicts[index] as number]}`);
      attributes.push(batch.attributes?.[index] ?? null);
    }
    unreadable.push(...batch.unreadable);
  }
}

/** The code of a refusal, or `read`. */
export async function codeOf(
  bytes: string | Buffer,
  options: Partial<ReadResultOptions> = {},
): Promise<string> {
  const { outcome } = await readBytes(bytes, options);
  return outcome.kind === 'read' ? 'read' : outcome.code;
}
