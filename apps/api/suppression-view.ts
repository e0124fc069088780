import type { SuppressionList } from '@rollcall/contract';
import type { countSuppressions, SecretUse } from '@rollcall/db';

/** A tenant's suppression list as the contract shows it. */
export function suppressionListViewOf(
  { entries, changedAt }: Awaited<ReturnType<typeof countSuppressions>>,
  uses: readonly SecretUse[],
  currentSecret: string | null,
): SuppressionList {
  const sum = (of: typeof entries) => of.reduce((total, { numbers }) => total + numbers, 0);
  const why = (reason: string) => sum(entries.filter((entry) => entry.why === reason));
  return {
    numbers: sum(entries),
    by_reason: { objection: why('objection'), erasure: why('erasure') },
    by_secret: uses.map(({ secretId, numbers, erased, receipts }) => ({
      secret: secretId,
      current: secretId === currentSecret,
      numbers,
      erased_numbers: erased,
      receipts,
    })),
    changed_at: changedAt?.toISOString() ?? null,
  };
}
