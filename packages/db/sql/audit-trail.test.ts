import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, type Ground, layGround, row } from '../testing/ground.ts';
import { pauseAccount } from './accounts.ts';
import { type AuditEntry, appendAudit } from './audit-trail.ts';
import { storableText } from './storable.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const job = 'job_01932145-1234-7567-8901-234567890123';
const entry: AuditEntry = {
  tenantId: 1,
  actor: 'key_01932145-1234-7567-8901-234567890124 (nightly import)',
  action: 'job.received',
  subject: job,
  purpose: 'newsletter of 2026-11-22',
  counts: { numbers: 10_000_000, lines: 3 },
  detail: { requested_by: 'Ada “\u0001\\"” Lovelace' },
};

const append = (change: Partial<AuditEntry> = {}) =>
  ground.db.transaction('test', (tx) => appendAudit(tx, { ...entry, ...change }));

async function last(chain = 1): Promise<Record<string, unknown>> {
  const sql = `SELECT *, encode(hash, 'hex') AS sha256, encode(prev_hash, 'hex') AS before, store.audit_text(t) AS hashed
                 FROM store.audit_trail t WHERE chain = $1 ORDER BY number DESC LIMIT 1`;
  return row(ground, sql, [chain]);
}

test('a row has its number, the server’s time, and the hash of its text, which names the hash before it', async () => {
  await append();
  const first = await last();
  await append({ action: 'job.paused', purpose: null, counts: {}, detail: {} });
  const second = await last();
  expect([first['number'], second['number']]).toEqual([1, 2]);
  expect(first['before']).toBe('0'.repeat(64));
  expect(second['before']).toBe(first['sha256']);
  for (const { hashed, sha256 } of [first, second]) {
    expect(createHash('sha256').update(String(hashed)).digest('hex')).toBe(sha256);
  }
  expect(JSON.parse(String(first['hashed']))).toEqual([
    1,
    1,
    expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    entry.actor,
    'job.received',
    job,
    entry.purpose,
    [
      ['lines', 3],
      ['numbers', 10_000_000],
    ],
    [['requested_by', entry.detail?.['requested_by']]],
    '0'.repeat(64),
  ]);
});

test('what no tenant is known of has a chain of its own', async () => {
  await append({ tenantId: null, actor: 'address 192.0.2.7' });
  expect(await last(0)).toMatchObject({ number: 1, tenant_id: null, before: '0'.repeat(64) });
});

test('an account that Rollcall stops by itself is told of as the last thing of the transaction', async () => {
  await ground.db.transaction('test', async (tx) => {
    await pauseAccount(tx, account.id, 'auth');
    expect(
      (await tx.query('SELECT FROM store.audit_trail WHERE subject = $1', [account.id])).rowCount,
    ).toBe(0);
  });
  expect(await last(0)).toMatchObject({
    actor: 'system',
    action: 'account.paused',
    subject: account.id,
    detail: { reason: 'auth' },
  });
});

test.each([
  ['the purpose', { purpose: 'call +44 7911 123456 back' }, { purpose: 'call [number] back' }],
  ['the actor', { actor: 'key (447911123456)' }, { actor: 'key ([number])' }],
  ['a detail', { detail: { why: '07911-123-456' } }, { detail: { why: '[number]' } }],
  ['the subject', { subject: '447911123456' }, { subject: '[number]' }],
  ['many digits, as long as a hash', { purpose: '7'.repeat(64) }, { purpose: '[number]' }],
  ['another script', { purpose: '٤٤٧٩١١١٢٣٤٥٦' }, { purpose: '[number]' }],
  [
    'a text with much else',
    { purpose: `${job} of 2026-11-22: 2026-11-22791, or (07911-123-456), ${'a1'.repeat(32)}` },
    { purpose: `${job} of 2026-11-22: [number], or ([number]), ${'a1'.repeat(32)}` },
  ],
])('a phone number in %s is masked', async (_, change, stored) => {
  await append(change);
  expect(await last()).toMatchObject(stored);
});

describe('Postgres refuses', () => {
  test.each([
    ['UPDATE store.audit_trail SET actor = actor', 'append_only'],
    ['DELETE FROM store.audit_trail', 'append_only'],
    ['TRUNCATE store.audit_trail', 'append_only'],
    ['UPDATE store.audit_heads SET number = number', 'append_only'],
    ['DELETE FROM store.audit_heads', 'append_only'],
    ['TRUNCATE store.audit_heads', 'append_only'],
    [
      `INSERT INTO store.audit_trail (chain, number, tenant_id, at, actor, action, prev_hash, hash)
         SELECT chain, number + 100, tenant_id, at, '447911123456', action, prev_hash, hash FROM store.audit_trail`,
      'no_numbers_in_the_trail',
    ],
    [
      `SELECT store.append_audit(1, 'a', 'job.paused', NULL, NULL, '{"n": 447911123456}', '{}')`,
      'counts_are_small',
    ],
  ])('%s', async (sql, constraint) => {
    const refused = ground.db.transaction('test', (tx) => tx.query(sql));
    await expect(refused).rejects.toMatchObject({ constraint });
  });
});

test('what is masked is masked once for all, so that no text makes an append fail', async () => {
  const pieces = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }).map(String),
    fc.constantFrom(
      ' ',
      '+',
      '-',
      '.',
      '|',
      '\n',
      '2026-11-22',
      'T10:11:12.5Z',
      '7',
      job.slice(4),
      'a'.repeat(64),
    ),
  );
  const texts = fc.array(pieces, { maxLength: 6 }).map((some) => storableText(some.join('')));
  const samples = fc.sample(texts, 3_000);
  const { rows } = await ground.db.query<{ given: string; once: string; twice: string }>(
    `SELECT given, store.without_numbers(given) AS once, store.without_numbers(store.without_numbers(given)) AS twice
       FROM unnest($1::text[]) given`,
    [samples],
  );
  expect(rows.filter(({ once, twice }) => once !== twice)).toEqual([]);
  const harmless = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|a{64}/g;
  expect(rows.filter(({ once }) => /\d{7}/.test(once.replaceAll(harmless, '')))).toEqual([]);
});

test('digits behind a control character are no number by its escape', async () => {
  await append({ detail: { why: '\u000123456' } });
  expect(await last()).toMatchObject({ detail: { why: '\u000123456' } });
});

test('50 appends at once make one unbroken chain', async () => {
  const before = Number((await last())['number']);
  await Promise.all(Array.from({ length: 50 }, () => append()));
  const { rows } = await ground.db.query<{ broken: boolean }>(
    `SELECT number <> lag(number) OVER (ORDER BY number) + 1 OR prev_hash <> lag(hash) OVER (ORDER BY number) AS broken
       FROM store.audit_trail WHERE chain = 1 ORDER BY number`,
  );
  expect(rows).toHaveLength(before + 50);
  expect(rows.filter(({ broken }) => broken)).toEqual([]);
});
