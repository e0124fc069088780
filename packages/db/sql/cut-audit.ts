import type { Database } from '../database.ts';

/** In one transaction: whoever appends to the chain waits for it. */
const atOnce_max = 1_000;

/**
 * Takes the old ends off the chains of the audit trail: months of which every day is so many months past, but for the head of a chain.
 * Returns how many rows went.
 */
export async function cutAudit(
  db: Database,
  keptMonths: number,
  atOnce = atOnce_max,
): Promise<number> {
  // Looked for without a lock: most chains have nothing that is old.
  const { rows: chains } = await db.query<{ chain: number; before: Date }>(
    `SELECT h.chain, c.before
       FROM (SELECT date_trunc('month', now(), 'UTC') - make_interval(months => $1) AS before) c
      CROSS JOIN store.audit_heads h
      CROSS JOIN LATERAL (SELECT number, at FROM store.audit_trail t WHERE t.chain = h.chain ORDER BY number LIMIT 1) first
      WHERE first.at < c.before AND first.number < h.number ORDER BY h.chain`,
    [keptMonths],
  );
  let cut = 0;
  for (const { chain, before } of chains) {
    for (let gone = atOnce; gone === atOnce; cut += gone) {
      gone = await db.transaction('sweep.cut_audit', async (tx) => {
        const { rows } = await tx.query<{ gone: number }>(
          'SELECT store.cut_audit($1, $2, $3) AS gone',
          [chain, before, atOnce],
        );
        return rows[0]?.gone ?? 0;
      });
    }
  }
  return cut;
}
