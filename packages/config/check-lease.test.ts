import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checkLease } from './check-lease.ts';
import { readAccounts } from './read-accounts.ts';

test('a lease that does not outlast an upload and what comes before it is refused, once for each account; the shipped ones fit the default', async () => {
  const text = await readFile(new URL('accounts.yaml', import.meta.url), 'utf8');
  const read = readAccounts(text, {}, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const accounts = [...read.accounts.accounts.values()];
  expect(checkLease(40_000, accounts)).toEqual([]);
  expect(checkLease(24_000, accounts)).toEqual([]);
  expect(checkLease(90_000, accounts)).toEqual([]);
  const problems = checkLease(23_999, accounts);
  expect(problems).toHaveLength(accounts.length);
  expect(problems[0]).toContain('ROLLCALL_LEASE_MS: must be at least 24000,');
});

test('a lease under which the death of a worker is noticed too late is refused, with the reason', () => {
  const problems = checkLease(90_001, []);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain('ROLLCALL_LEASE_MS: must be at most 90000:');
  expect(problems[0]).toContain('within 120 s');
});
