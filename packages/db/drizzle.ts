import { createRequire } from 'node:module';
import type * as Orm from 'drizzle-orm';
import type * as NodePostgres from 'drizzle-orm/node-postgres';
import type * as PgCore from 'drizzle-orm/pg-core';

/**
 * drizzle-orm, loaded as CommonJS. Its package.json lists 5,000 exports, and for each of its 150 ES modules Node 24 reads that list anew to
 * learn that it is one: 0.7 of the 1.0 s that its loading takes at the start of every process. Everything else imports it from here.
 */
const load = createRequire(import.meta.url);

const orm: typeof Orm = load('drizzle-orm');
export const { and, DrizzleQueryError, desc, eq } = orm;
export const { inArray, is, isNotNull, isNull, lt, sql } = orm;

const nodePostgres: typeof NodePostgres = load('drizzle-orm/node-postgres');
export const { drizzle } = nodePostgres;

const pgCore: typeof PgCore = load('drizzle-orm/pg-core');
export const { bigint, boolean, customType, getTableConfig, integer, numeric } = pgCore;
export const { PgTable, pgSchema, primaryKey, text, timestamp } = pgCore;
