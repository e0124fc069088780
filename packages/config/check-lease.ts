import type { Account } from '@rollcall/domain';

/** Between claim and first byte the numbers are encoded and the line is opened: a fifth of the deadline is left for that. */
const leasePerDeadline = 1.2;

/**
 * P4: an upload whose worker died is held within 120 s of its last heartbeat. That takes a lease, and a quarter of one more where the sweep
 * spares the claims after an outage of Postgres.
 */
const leaseMax_ms = 90_000;

/**
 * What is wrong with a lease for these accounts, in words for an operator. No upload begins that its claim would not outlast, so
 * under a lease that is hardly longer than an account's `upload_deadline` hardly anything would be sent. And under a long one nobody would
 * hear for as long that a worker died in the middle of an upload.
 */
export function checkLease(lease_ms: number, accounts: Iterable<Account>): readonly string[] {
  const tooLong =
    lease_ms <= leaseMax_ms
      ? []
      : [
          `ROLLCALL_LEASE_MS: must be at most ${leaseMax_ms}: only after a lease is it noticed that a worker died in the middle of an upload, and that has to be within 120 s; lower it`,
        ];
  const tooShort = [...accounts].flatMap(({ id, upload_deadline_ms }) => {
    const least_ms = Math.ceil(upload_deadline_ms * leasePerDeadline);
    if (lease_ms >= least_ms) return [];
    return [
      `ROLLCALL_LEASE_MS: must be at least ${least_ms}, ${leasePerDeadline} times the upload_deadline of account ${id} (${upload_deadline_ms} ms): numbers are encoded and the line is opened before the upload; raise it`,
    ];
  });
  return [...tooLong, ...tooShort];
}
