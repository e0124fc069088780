import type { Key } from '@rollcall/contract';
import type { ApiKeyRow, KeyLimits } from '@rollcall/db';
import { formatMoney } from '@rollcall/domain';

/** A key's row as the contract shows it. */
export function keyViewOf(row: ApiKeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    scopes: [...row.scopes],
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    rotated_from: row.rotatedFrom,
    ...limitsViewOf(row),
  };
}

export function limitsViewOf({ requestsPerMinute, numbersPerDay, costPerDay }: KeyLimits) {
  return {
    requests_per_minute: requestsPerMinute,
    numbers_per_day: numbersPerDay,
    cost_per_day: costPerDay === null ? null : formatMoney(costPerDay),
  };
}
