import type { Result } from '@rollcall/contract';
import type { AnsweringChunk, ResultRow } from '@rollcall/db';
import { shortAmount } from './job-view.ts';

/** Result rows as the contract shows them, as JSON: for 100 rows objects, their check against the schema and `JSON.stringify` took half of the request. */
export function resultsJson(rows: readonly ResultRow[]): string {
  const endings = new Map<
    AnsweringChunk,
    { readonly answered: string; readonly suppressed: string }
  >();
  let json = '[';
  let before = '';
  for (const { number, outcome, attributesJson, chunk } of rows) {
    let ending = endings.get(chunk);
    if (!ending) endings.set(chunk, (ending = endingsOf(chunk)));
    const end = outcome === 'suppressed' ? ending.suppressed : ending.answered;
    // A number, a word of the schema's CHECK, and JSON: nothing to escape.
    json += `${before}{"number":"${number}","outcome":"${outcome}","attributes":${attributesJson},${end}`;
    before = ',';
  }
  return `${json}]`;
}

function endingsOf({ account, isDone, cost, closedAt }: AnsweringChunk) {
  const ending = (facts: Pick<Result, 'source' | 'cost'>) =>
    JSON.stringify({ account, ...facts, checked_at: new Date(closedAt).toISOString() }).slice(1);
  return {
    answered: ending({ source: isDone ? 'provider' : 'rollcall', cost: shortAmount(cost) }),
    // It was never sent, whatever became of its chunk.
    suppressed: ending({ source: 'rollcall', cost: '0' }),
  };
}
