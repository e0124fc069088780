import { type AuditRow, auditColumns, auditHash, firstHash } from './audit-row.ts';
import type { Database, Queryable } from './database.ts';

/** Where a chain once ended, as an earlier verification printed it. */
export interface AuditAnchor {
  readonly chain: number;
  readonly number: number;
  readonly hash: string;
}

/** The first row of a chain that does not hold. */
export interface AuditProblem {
  readonly number: number;
  readonly kind: 'changed' | 'missing' | 'moved' | 'beyond_head' | 'head_changed' | 'not_expected';
  /** One sentence for a person. */
  readonly says: string;
}

export interface VerifiedChain {
  readonly chain: number;
  /** Null: of the installation. */
  readonly tenant: string | null;
  /** Rows that hold, from the chain's first to its last or to the problem. */
  readonly rows: number;
  /** The first row that is kept; above 1 where the old end was cut off, as the chain says itself. */
  readonly first: number;
  /** Null where the chain has no row: it never had one, or was taken away with its head. */
  readonly head: AuditAnchor | null;
  readonly problem: AuditProblem | null;
}

const rowsAtOnce = 2_000;

/**
 * Walks every chain of the audit trail as it is at one moment, and hashes each row anew. Who can write to the tables can also write a whole
 * chain anew: only an anchor that was kept elsewhere shows that, so `expected` are looked for too.
 */
export async function verifyAudit(
  database: Database,
  expected: readonly AuditAnchor[] = [],
): Promise<readonly VerifiedChain[]> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const chains = await readHeads(client, expected);
    const verified: VerifiedChain[] = [];
    for (const chain of chains) {
      const anchors = expected.filter((anchor) => anchor.chain === chain.chain);
      verified.push(await verifyChain(client, chain, anchors));
    }
    return verified;
  } finally {
    await client.query('ROLLBACK').finally(() => client.release());
  }
}

interface Head {
  readonly chain: number;
  readonly tenant: string | null;
  readonly number: number | null;
  readonly hash: string | null;
}

/** Chains that have a head, that have rows, that are expected, and those of the installation and of every tenant: one that was taken away whole is not to vanish from the list. */
async function readHeads(
  db: Queryable,
  expected: readonly AuditAnchor[],
): Promise<readonly Head[]> {
  const { rows } = await db.query<Head>(
    `SELECT c.chain, t.name AS tenant, h.number, encode(h.hash, 'hex') AS hash
       FROM (SELECT chain FROM store.audit_heads UNION SELECT DISTINCT chain FROM store.audit_trail UNION SELECT 0 UNION SELECT id FROM store.tenants UNION SELECT unnest($1::integer[])) c
       LEFT JOIN store.audit_heads h USING (chain) LEFT JOIN store.tenants t ON t.id = c.chain
      ORDER BY c.chain`,
    [expected.map(({ chain }) => chain)],
  );
  return rows;
}

async function verifyChain(
  db: Queryable,
  head: Head,
  expected: readonly AuditAnchor[],
): Promise<VerifiedChain> {
  const { chain, tenant } = head;
  const cut = await readCut(db, chain);
  const waiting = new Map(expected.map((anchor) => [anchor.number, anchor.hash]));
  let first = 0;
  let last = { number: 0, hash: firstHash };
  let rows = 0;
  const ended = (problem: AuditProblem | null): VerifiedChain => ({
    chain,
    tenant,
    rows,
    first,
    head: last.number === 0 ? null : { chain, ...last },
    problem,
  });
  for await (const row of readChain(db, chain)) {
    if (first === 0) {
      first = row.number;
      if (row.number > 1 && row.number === (cut?.through ?? 0) + 1 && cut) {
        last = { number: cut.through, hash: cut.hash };
      }
    }
    const problem = await problemOf(db, row, last);
    if (problem) return ended(problem);
    if (waiting.get(row.number) === row.hash) waiting.delete(row.number);
    else if (waiting.has(row.number)) return ended(notExpected(row.number));
    last = { number: row.number, hash: row.hash };
    rows += 1;
  }
  const problem = tailProblem(head, last);
  if (problem) return ended(problem);
  const lost = [...waiting.keys()].find((number) => number > (cut?.through ?? 0));
  return ended(lost === undefined ? null : lostTail(lost, last.number));
}

async function problemOf(
  db: Queryable,
  row: AuditRow,
  last: { readonly number: number; readonly hash: string },
): Promise<AuditProblem | null> {
  const { number } = row;
  if (number !== last.number + 1) {
    const until = number - 1 === last.number + 1 ? '' : ` to ${number - 1}`;
    const says = `row ${last.number + 1}${until} is missing, and no row of this chain says that it was cut off`;
    return { number: last.number + 1, kind: 'missing', says };
  }
  const isIntact = auditHash(row) === row.hash;
  if (isIntact && row.prev_hash === last.hash) return null;
  const before = await rowWithHash(db, row.chain, row.prev_hash);
  if (before !== null && before !== number - 1) {
    const says = `row ${number} was written after what stands at ${before} now: rows have changed places`;
    return { number, kind: 'moved', says };
  }
  if (!isIntact) {
    return { number, kind: 'changed', says: `row ${number} is not what its hash was made of` };
  }
  // It holds in itself: the row before it was changed, and hashed anew.
  const says = `row ${number - 1} is not the one that row ${number} was written after`;
  return { number: number - 1, kind: 'changed', says };
}

function tailProblem(
  head: Head,
  last: { readonly number: number; readonly hash: string },
): AuditProblem | null {
  const { number } = last;
  if (head.number === null) {
    if (number === 0) return null;
    return { number, kind: 'head_changed', says: 'the head of the chain is missing' };
  }
  if (head.number > number) return lostTail(number + 1, number);
  if (head.number < number) {
    const says = `the chain goes on to row ${number}, and its head was set back to ${head.number}`;
    return { number: head.number + 1, kind: 'beyond_head', says };
  }
  if (head.hash === last.hash || number === 0) return null;
  return { number, kind: 'head_changed', says: `the head does not have the hash of row ${number}` };
}

function lostTail(number: number, last: number): AuditProblem {
  const says = `the chain ends at row ${last}: row ${number} is missing`;
  return { number, kind: 'missing', says };
}

function notExpected(number: number): AuditProblem {
  const says = `row ${number} has another hash than it was expected to have: the chain was written anew`;
  return { number, kind: 'not_expected', says };
}

/** How far the old end was cut off last, as the chain says. That this row holds, the walk finds out. */
async function readCut(
  db: Queryable,
  chain: number,
): Promise<{ readonly through: number; readonly hash: string } | null> {
  const { rows } = await db.query<{ through: number; hash: string }>(
    `SELECT (counts->>'through')::bigint AS through, detail->>'hash' AS hash
       FROM store.audit_trail WHERE chain = $1 AND action = 'audit.cut' ORDER BY number DESC LIMIT 1`,
    [chain],
  );
  return rows[0] ?? null;
}

async function rowWithHash(db: Queryable, chain: number, hash: string): Promise<number | null> {
  const { rows } = await db.query<{ number: number }>(
    `SELECT number FROM store.audit_trail WHERE chain = $1 AND hash = decode($2, 'hex')`,
    [chain, hash],
  );
  return rows[0]?.number ?? null;
}

async function* readChain(db: Queryable, chain: number): AsyncGenerator<AuditRow> {
  for (let after = 0; ; ) {
    const { rows } = await db.query<AuditRow>(
      `SELECT ${auditColumns} FROM store.audit_trail WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3`,
      [chain, after, rowsAtOnce],
    );
    yield* rows;
    if (rows.length < rowsAtOnce) return;
    after = rows.at(-1)?.number ?? after;
  }
}
