import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import type { TestServers } from './provided-context.ts';
import { startServers } from './start-servers.ts';

/** Brings the database behind a URL up to this version; `migrate` of @rollcall/db, which this package cannot import. */
type Migrate = (url: string) => Promise<unknown>;

/**
 * Once a run, in vitest's main process: one Postgres with a migrated template database, one Redis where it can be had.
 * Returns the teardown, which takes both down again and removes the template from a server that was given.
 */
export async function setUpRun(
  project: TestProject,
  migrate: Migrate,
): Promise<() => Promise<void>> {
  const given = project.getProvidedContext().givenServers;
  const { postgres, redis } = await startServers(given);
  const database = `rollcall_template_${randomBytes(6).toString('hex')}`;
  project.provide('testServers', {
    postgresUrl: postgres.url,
    postgresVersion: `${await versionOf(postgres.url)} (${postgres.description})`,
    template: await makeTemplate(postgres.url, database, migrate),
    redis: 'url' in redis ? { url: redis.url, version: redis.description } : redis,
  } satisfies TestServers);
  return async () => {
    await onServer(postgres.url, async (client) => {
      await client.query(`alter database ${database} is_template false`);
      await client.query(`drop database ${database} with (force)`);
    });
    if ('stop' in redis) await redis.stop();
    await postgres.stop();
  };
}

/**
 * Who owns the databases of tests: somebody ordinary, as an operator's own may be. What runs with the owner's rights (`SECURITY DEFINER`) runs with these,
 * while the tests' own statements are a superuser's.
 */
const owner = 'rollcall_test_owner';
const makeOwner = `do $$
  declare known text;
  begin
    if not exists (select from pg_roles where rolname = '${owner}') then
      create role ${owner} login createrole password '${owner}';
    end if;
    -- On a server that was given they may be there already.
    for known in select rolname from pg_roles
                  where rolname in ('rollcall_api','rollcall_worker','rollcall_installation','rollcall_queue','rollcall_analyst') loop
      execute format('grant %I to ${owner} with admin true, inherit false, set true', known);
    end loop;
  end $$`;

async function makeTemplate(
  serverUrl: string,
  database: string,
  migrate: Migrate,
): Promise<TestServers['template']> {
  const template = new URL(serverUrl);
  template.pathname = `/${database}`;
  template.username = owner;
  template.password = owner;
  await onServer(serverUrl, async (client) => {
    await client.query(makeOwner);
    await client.query(`create database ${database} owner ${owner}`);
  });
  try {
    await migrate(template.href);
  } catch (error) {
    return { failed: inspect(error, { depth: 3 }) };
  }
  // Whoever is connected to a template, autovacuum included, makes CREATE DATABASE fail.
  const close = `alter database ${database} with is_template true allow_connections false`;
  await onServer(serverUrl, (client) => client.query(close));
  return { database };
}

async function versionOf(serverUrl: string): Promise<string> {
  const show = 'show server_version';
  const { rows } = await onServer(serverUrl, (client) =>
    client.query<{ server_version: string }>(show),
  );
  return rows[0]?.server_version ?? 'unknown';
}

async function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
