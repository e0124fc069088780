/**
 * Of a server whose data nobody keeps: as fast as it can be, and it says so of itself. Rollcall refuses a Postgres that may forget what
 * it has acknowledged, unless `rollcall.trust_storage` is on there (`checkDurability` of the database package).
 */
export const disposableSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  'rollcall.trust_storage': 'on',
} as const;
