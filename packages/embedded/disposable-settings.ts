/**
 * Of a server whose data nobody keeps: as fast as it can be, and it says so of itself. Rollcall refuses a Postgres that may forget what
 * it has acknowledged, unless `rollcall.disposable` is on there (`checkDurability` of the database package): a name that only a server
 * made for a demo, a test or a storm has in its settings.
 */
export const disposableSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  'rollcall.disposable': 'on',
} as const;
