import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as schema from './schema.ts';
import { sqlStateOf } from './database.ts';
import { getTableConfig, is, PgTable } from './drizzle.ts';
import { smallStatement } from './small-statement.ts';
import { type Ground, layGround } from './testing/ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const tables = Object.values(schema)
  .filter((exported) => is(exported, PgTable))
  .map(getTableConfig);

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

const byName = (left: Column, right: Column) => left.name.localeCompare(right.name);

describe.each(tables)(
  'the table $name as drizzle sees it',
  ({ schema: inSchema, name, columns }) => {
    test('has the columns that the migrations made: names, types, nullability, defaults', async () => {
      const { rows } = await ground.db.query<Column>(
        `SELECT c.column_name AS name, format_type(a.atttypid, a.atttypmod) AS type, c.is_nullable = 'YES' AS nullable,
              c.column_default IS NOT NULL OR c.is_identity = 'YES' AS "hasDefault"
         FROM information_schema.columns c
         JOIN pg_attribute a ON a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass AND a.attname = c.column_name
        WHERE c.table_schema = $1 AND c.table_name = $2`,
        [inSchema, name],
      );
      const drawn: Column[] = columns.map((column) => ({
        name: column.name,
        type: column.getSQLType().replaceAll(', ', ','),
        nullable: !column.notNull,
        hasDefault: column.hasDefault || column.generatedIdentity !== undefined,
      }));
      expect(drawn.toSorted(byName)).toEqual(rows.toSorted(byName));
    });

    test('has the primary key that the migrations made', async () => {
      const { rows } = await ground.db.query<{ name: string }>(
        `SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indisprimary AND i.indrelid = format('%I.%I', $1::text, $2::text)::regclass`,
        [inSchema, name],
      );
      const single = columns.filter((column) => column.primary).map((column) => column.name);
      const composite = getTableConfig(
        Object.values(schema).find((table) => getTableConfig(table).name === name) ??
          schema.learnedLimits,
      ).primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
      expect([...single, ...composite].toSorted()).toEqual(rows.map((row) => row.name).toSorted());
    });
  },
);

test('a small statement that Postgres refuses fails with Postgres’s own error, which quotes no parameter', async () => {
  const secret = 'a name that is nobody’s business';
  const insert = (id: string) =>
    smallStatement(ground.db, (on) =>
      on.insert(schema.apiKeys).values({
        id,
        tenantId: 1,
        name: secret,
        digest: Buffer.alloc(32),
        scopes: [],
      }),
    );
  await insert('key_1');
  const refused = (await insert('key_2').catch((error: unknown) => error)) as Error;
  expect(sqlStateOf(refused)).toBe('23505');
  expect(`${refused.message} ${refused.stack}`).not.toContain(secret);
});
