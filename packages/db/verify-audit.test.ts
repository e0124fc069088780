import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { appendAudit } from './sql/audit-trail.ts';
import { cutAudit } from './sql/cut-audit.ts';
import { type Ground, layGround } from './testing/ground.ts';
import { type AuditAnchor, verifyAudit } from './verify-audit.ts';

// What a superuser does, who can switch every trigger off.

let ground: Ground;
let superuser: Client;
beforeAll(async () => {
  ground = await layGround();
  superuser = new Client({ connectionString: ground.url });
  await superuser.connect();
  await superuser.query('SET session_replication_role = replica');
});
afterAll(async () => {
  await superuser.end();
  await ground.close();
});
beforeEach(() => append(7));
afterEach(() => superuser.query('TRUNCATE store.audit_trail, store.audit_heads'));

async function append(rows: number, tenantId: number | null = 1): Promise<void> {
  for (let row = 1; row <= rows; row += 1) {
    await ground.db.transaction('test', (tx) =>
      appendAudit(tx, {
        tenantId,
        actor: `key ${row} “é\n\u007f”`,
        action: 'job.paused',
        subject: null,
        counts: { b: row, a: 999_999_999, 'ä\u{1f600}': 1 },
        detail: { why: `because \\ "${row}"`, ü: '', Z: '' },
      }),
    );
  }
}

const run = (sql: string) => superuser.query(sql);
const rehash = (number: number) =>
  run(
    `UPDATE store.audit_trail t SET hash = sha256(convert_to(store.audit_text(t), 'UTF8')) WHERE number = ${number}`,
  );

async function chain(expected: readonly AuditAnchor[] = []) {
  const found = (await verifyAudit(ground.db, expected)).find((each) => each.chain === 1);
  if (!found) throw new Error('there is no chain');
  return found;
}

test('a trail that nobody touched holds, row by row and chain by chain', async () => {
  await append(2, null);
  const verified = await verifyAudit(ground.db);
  const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(verified).toEqual([
    {
      chain: 0,
      tenant: null,
      rows: 2,
      first: 1,
      head: { chain: 0, number: 2, hash },
      problem: null,
    },
    {
      chain: 1,
      tenant: 'default',
      rows: 7,
      first: 1,
      head: { chain: 1, number: 7, hash },
      problem: null,
    },
  ]);
});

describe('what is found, and named by its row', () => {
  test.each<[string, () => Promise<unknown>, number, string]>([
    [
      'a changed actor',
      () => run(`UPDATE store.audit_trail SET actor = 'nobody' WHERE number = 3`),
      3,
      'changed',
    ],
    [
      'a changed time',
      () => run(`UPDATE store.audit_trail SET at = at + interval '1 us' WHERE number = 1`),
      1,
      'changed',
    ],
    [
      'a changed count',
      () => run(`UPDATE store.audit_trail SET counts = counts || '{"a": 5}' WHERE number = 7`),
      7,
      'changed',
    ],
    [
      'a changed row, hashed anew',
      async () => {
        await run(`UPDATE store.audit_trail SET actor = 'nobody' WHERE number = 3`);
        await rehash(3);
      },
      3,
      'changed',
    ],
    ['a deleted row', () => run('DELETE FROM store.audit_trail WHERE number = 4'), 4, 'missing'],
    [
      'a deleted beginning',
      () => run('DELETE FROM store.audit_trail WHERE number < 4'),
      1,
      'missing',
    ],
    ['a deleted tail', () => run('DELETE FROM store.audit_trail WHERE number > 4'), 5, 'missing'],
    ['everything deleted', () => run('DELETE FROM store.audit_trail'), 1, 'missing'],
    [
      'two rows that changed places',
      async () => {
        await run('UPDATE store.audit_trail SET number = 100 WHERE number = 3');
        await run('UPDATE store.audit_trail SET number = 3 WHERE number = 4');
        await run('UPDATE store.audit_trail SET number = 4 WHERE number = 100');
      },
      3,
      'moved',
    ],
    [
      'a deleted row, the rest moved up',
      async () => {
        await run('DELETE FROM store.audit_trail WHERE number = 4');
        for (const number of [5, 6, 7])
          await run(`UPDATE store.audit_trail SET number = ${number - 1} WHERE number = ${number}`);
      },
      4,
      'changed',
    ],
    [
      'a head that was set back',
      () => run('UPDATE store.audit_heads SET number = 5'),
      6,
      'beyond_head',
    ],
    [
      'a head with another hash',
      () => run(`UPDATE store.audit_heads SET hash = sha256('x')`),
      7,
      'head_changed',
    ],
    ['no head', () => run('DELETE FROM store.audit_heads'), 7, 'head_changed'],
    [
      'a row that was put in',
      () =>
        run(
          `INSERT INTO store.audit_trail SELECT chain, 8, tenant_id, at, actor, action, subject, purpose, counts, detail, hash, hash FROM store.audit_trail WHERE number = 7`,
        ),
      8,
      'changed',
    ],
  ])('%s', async (_, tamper, number, kind) => {
    await tamper();
    expect((await chain()).problem).toMatchObject({ number, kind });
  });
});

describe('a chain that was written anew, head and all', () => {
  const setBack = () =>
    run(`WITH gone AS (DELETE FROM store.audit_trail WHERE number > 5)
         UPDATE store.audit_heads h SET number = 5, hash = t.hash FROM store.audit_trail t WHERE t.number = 5`);

  test('holds in itself, and is found by an anchor that was kept elsewhere', async () => {
    const { head } = await chain();
    if (!head) throw new Error('no head');
    await setBack();
    expect((await chain()).problem).toBeNull();
    expect((await chain([head])).problem).toMatchObject({ number: 7, kind: 'missing' });
    await append(3);
    expect((await chain([head])).problem).toMatchObject({ number: 7, kind: 'not_expected' });
  });

  test('is found where nothing of it is left', async () => {
    const { head } = await chain();
    await run('TRUNCATE store.audit_trail, store.audit_heads');
    // Nobody can tell it from a chain that never had a row; but it is told.
    expect(await verifyAudit(ground.db)).toMatchObject([
      { chain: 0, tenant: null, rows: 0, head: null, problem: null },
      { chain: 1, tenant: 'default', rows: 0, head: null, problem: null },
    ]);
    expect((await chain(head ? [head] : [])).problem).toMatchObject({ number: 7, kind: 'missing' });
  });

  test('an anchor that still stands says nothing', async () => {
    const { head } = await chain();
    await append(3);
    expect(await chain(head ? [head] : [])).toMatchObject({ rows: 10, problem: null });
  });
});

describe('a trail that was cut at its old end', () => {
  const age = () => run(`ALTER TABLE store.audit_trail DISABLE TRIGGER USER`);
  /** Rows 1 to 4 are two years old, and were so when they were written. */
  async function oldRows(): Promise<void> {
    await age();
    await run('TRUNCATE store.audit_trail, store.audit_heads');
    await append(4);
    await run(`UPDATE store.audit_trail SET at = at - interval '2 years'`);
    for (const number of [1, 2, 3, 4]) {
      await run(
        `UPDATE store.audit_trail t SET prev_hash = p.hash FROM store.audit_trail p WHERE t.number = ${number} AND p.number = ${number - 1}`,
      );
      await rehash(number);
    }
    await run(
      'UPDATE store.audit_heads h SET hash = t.hash FROM store.audit_trail t WHERE t.number = 4',
    );
    await run(`ALTER TABLE store.audit_trail ENABLE TRIGGER USER`);
    await append(3);
  }

  test('holds, since the chain itself says up to where', async () => {
    await oldRows();
    expect(await chain()).toMatchObject({ rows: 7, problem: null });
    expect(await cutAudit(ground.db, 25)).toBe(0);
    expect(await cutAudit(ground.db, 12)).toBe(4);
    expect(await cutAudit(ground.db, 12)).toBe(0);
    expect(await chain()).toMatchObject({ first: 5, rows: 4, head: { number: 8 }, problem: null });
    // Of an anchor that went with it nobody can tell any more.
    const gone = { chain: 1, number: 3, hash: 'a'.repeat(64) };
    expect((await chain([gone])).problem).toBeNull();
  });

  test('is cut a few rows at once, so that nobody waits long', async () => {
    await oldRows();
    expect(await cutAudit(ground.db, 12, 3)).toBe(4);
    expect(await chain()).toMatchObject({ first: 5, rows: 5, head: { number: 9 }, problem: null });
  });

  test('keeps where it ends, however old', async () => {
    await run('DELETE FROM store.audit_trail WHERE number < 7');
    await run("UPDATE store.audit_trail SET at = at - interval '2 years'");
    expect(await cutAudit(ground.db, 12)).toBe(0);
    await append(1);
    expect(await cutAudit(ground.db, 12)).toBe(1);
  });

  test('does not hold where more went than it says, or what it says was changed', async () => {
    await oldRows();
    await cutAudit(ground.db, 12);
    await run('DELETE FROM store.audit_trail WHERE number = 5');
    expect((await chain()).problem).toMatchObject({ number: 1, kind: 'missing' });
    await run(
      `UPDATE store.audit_trail SET counts = counts || '{"through": 5}' WHERE action = 'audit.cut'`,
    );
    expect((await chain()).problem).toMatchObject({ number: 5, kind: 'changed' });
  });

  test('is not cut within its last half year, nor by anybody’s DELETE', async () => {
    await oldRows();
    await expect(cutAudit(ground.db, 5)).rejects.toMatchObject({ constraint: 'audit_cut_is_old' });
    const sql = 'DELETE FROM store.audit_trail WHERE number = 1';
    const deleted = ground.db.transaction('test', (tx) => tx.query(sql));
    await expect(deleted).rejects.toMatchObject({ constraint: 'append_only' });
  });
});
