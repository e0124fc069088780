import type { ExportedResult } from '@rollcall/contract';
import {
  type ExportedRow,
  findExportedJob,
  readAttributeNames,
  readDropped,
  readExportCsv,
  readExportPage,
} from '@rollcall/db';
import { ChunkAnswers } from './chunk-answers.ts';
import { type ExportSource, type ExportTable, isClosed } from './export-source.ts';

const pageRows = 4_000;
/** 700 KB of text. With attributes, that may be long, as many as above. */
const csvRowsWithoutAttributes = 10_000;
const before = ['number', 'outcome'] as const;
const behind = ['account', 'source', 'cost', 'checked_at'] as const;

/** The job's results in order of number, each attribute a column of its own. The latest ones say which job answered, as the view does. */
export function resultsTable(source: ExportSource, outcome: string | null): ExportTable {
  const { latest } = source;
  const last = latest ? [...behind, 'answered_by'] : behind;
  let names: readonly string[] = [];
  return {
    async header() {
      names = await readAttributeNames(source.database, source.job, source);
      return [...before, ...attributeColumns(names, [...before, ...last]), ...last];
    },
    csv: () => csvSteps(source, outcome, names),
    async *rows() {
      for await (const { rows, answers } of pages(source, outcome)) {
        yield rows.map((row) => {
          const { attributes } = row;
          const { account, source: kind, cost, checkedAt, answeredBy } = answers.of(row);
          const cells = [`+${row.number}`, row.outcome];
          for (const name of names) {
            cells.push(
              attributes && Object.hasOwn(attributes, name) ? (attributes[name] ?? '') : '',
            );
          }
          cells.push(account, kind, cost, checkedAt);
          if (latest) cells.push(answeredBy);
          return cells;
        });
      }
    },
    async *objects() {
      for await (const { rows, answers } of pages(source, outcome)) {
        yield rows.map((row) => resultOf(row, answers, latest));
      }
    },
  };
}

async function* pages(source: ExportSource, outcome: string | null) {
  const { database, job, latest } = source;
  const answers = new ChunkAnswers(source);
  yield* inSteps(source, outcome, pageRows, async (after) => {
    const rows = await readExportPage(database, job, { after, limit: pageRows, outcome, latest });
    await answers.learn(rows);
    return { rows, answers, count: rows.length, last: rows.at(-1)?.number ?? null };
  });
}

async function* csvSteps(source: ExportSource, outcome: string | null, names: readonly string[]) {
  const { database, job, latest } = source;
  const limit = names.length === 0 ? csvRowsWithoutAttributes : pageRows;
  yield* inSteps(source, outcome, limit, async (after) => {
    const page = { after, limit, outcome, latest };
    const { text, rows, last } = await readExportCsv(database, job, page, names);
    return { text, rows, count: rows, last };
  });
}

interface Step {
  readonly count: number;
  /** Digits of its last number. */
  readonly last: number | null;
}

/** Steps of `size` rows, each behind the last number of the one before and looked for while that one is sent; those without a row are left out. */
async function* inSteps<Taken extends Step>(
  { database, job }: ExportSource,
  outcome: string | null,
  size: number,
  take: (after: number) => Promise<Taken>,
): AsyncGenerator<Taken> {
  let given = 0;
  let next: Promise<Taken> | null = take(0);
  while (next !== null) {
    const step: Taken = await next;
    next = step.last === null || step.count < size ? null : take(step.last);
    // Whoever goes away does not wait for it.
    next?.catch(() => undefined);
    if (step.count > 0) yield step;
    given += step.count;
  }
  // Rows may go while it is read, with their partition; what is left must not pass for the whole.
  if (outcome === null && isClosed(job) && given !== job.accepted - job.erased) {
    // Or one by one, where numbers were erased meanwhile.
    const now = await findExportedJob(database, job.tenantId, job.id);
    const isWhole = now !== null && !(await readDropped(database, job.tenantId, job.id)).rows;
    if (!isWhole || given < job.accepted - now.erased || given > job.accepted - job.erased) {
      throw new Error(`a closed job of ${job.accepted} numbers has ${given} rows`);
    }
  }
}

/** As `/results` shows it. */
function resultOf(row: ExportedRow, answers: ChunkAnswers, latest: boolean): ExportedResult {
  const { account, source, cost, checkedAt, answeredBy } = answers.of(row);
  return {
    number: `+${row.number}`,
    outcome: row.outcome as ExportedResult['outcome'],
    attributes: row.attributes && { ...row.attributes },
    account,
    source,
    cost,
    checked_at: checkedAt,
    ...(latest && { answered_by: answeredBy }),
  };
}

/** An attribute that is named like one of our own columns is told from it by what stands before. */
function attributeColumns(names: readonly string[], ours: readonly string[]): readonly string[] {
  const taken = new Set<string>([...ours, ...names]);
  return names.map((name) => {
    if (!ours.includes(name)) return name;
    let column = `attribute_${name}`;
    while (taken.has(column)) column = `attribute_${column}`;
    taken.add(column);
    return column;
  });
}
