import type { Account } from '@rollcall/domain';

/**
 * What is wrong with a lease for these accounts, in words for an operator. No upload begins that its claim would not outlast, so
 * under a lease that is not longer than an account's `upload_deadline` nothing would ever be sent.
 */
export function checkLease(lease_ms: number, accounts: Iterable<Account>): readonly string[] {
  return [...accounts]
    .filter((account) => account.upload_deadline_ms >= lease_ms)
    .map(
      ({ id, upload_deadline_ms }) =>
        `ROLLCALL_LEASE_MS: must be longer than the upload_deadline of account ${id}, ${upload_deadline_ms} ms; raise it by at least what connecting takes (5000)`,
    );
}
