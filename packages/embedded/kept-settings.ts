/**
 * Of a server whose data is kept, over Postgres' own defaults, which are for a machine of 1998. Nothing here lets it forget what it has acknowledged. Compose has the same
 * (checks/deployment/compose.test.ts), and docs/deployment.md says what each is for.
 */
export const keptSettings = {
  shared_buffers: '256MB',
  wal_buffers: '16MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
} as const;
