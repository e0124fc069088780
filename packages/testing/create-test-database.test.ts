import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from './create-test-database.ts';

test('two test databases are migrated, apart, and gone after their drop', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  onTestFinished(one.drop);
  onTestFinished(other.drop);
  await query(one.url, 'create table only_here ()');
  await expect(query(other.url, 'select from only_here')).rejects.toThrow('does not exist');
  const tables = 'select count(*) > 0 as migrated from pg_stat_user_tables';
  expect(await query(other.url, tables)).toEqual([{ migrated: true }]);
  await one.drop();
  await expect(query(one.url, 'select 1')).rejects.toThrow('does not exist');
});

test('a connection that was left open fails the drop, which happens all the same', async () => {
  const database = await createTestDatabase();
  const forgotten = new Client({ connectionString: database.url, application_name: 'forgetful' });
  forgotten.on('error', () => undefined);
  await forgotten.connect();
  await expect(database.drop()).rejects.toThrow(/1 connections were left open.*forgetful/);
  await expect(query(database.url, 'select 1')).rejects.toThrow('does not exist');
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
