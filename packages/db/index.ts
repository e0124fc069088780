export {
  constraintOf,
  type Database,
  type DatabaseOptions,
  openDatabase,
  type Queryable,
  sqlStateOf,
  type Transaction,
} from './database.ts';
export { type Migrated, MigrationChanged, migrate } from './migrate.ts';
export * from './sql/accounts.ts';
export * from './sql/api-keys.ts';
export * from './sql/blobs.ts';
export * from './sql/claim-submit.ts';
export * from './sql/close-job.ts';
export * from './sql/control-job.ts';
export * from './sql/decide-held.ts';
export * from './sql/ingest-chunk.ts';
export * from './sql/plan-chunks.ts';
export * from './sql/poll-tasks.ts';
export * from './sql/read-job-state.ts';
export * from './sql/read-jobs.ts';
export * from './sql/receive-job.ts';
export * from './sql/settle-submit.ts';
export * from './sql/sweep-due.ts';
