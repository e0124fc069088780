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
