/** What the run's global setup tells every test file, by vitest's provide and inject. JSON only. */
export type TestServers = {
  /** The server's maintenance URL; its user may create databases and roles. */
  postgresUrl: string;
  /** `17.10 (on this machine)`, `17.10 (a container of postgres:17)` */
  postgresVersion: string;
  /**
   * A migrated database, closed to connections, which each test database copies. A migration that fails, fails the
   * files that ask for a database, with this reason; the others still run.
   */
  template: { database: string } | { failed: string };
  redis: { url: string; version: string } | { unavailable: string };
};

/**
 * Servers given from outside (see vitest.config.ts, which reads the environment); an empty URL means "start one", and `services` where:
 * `binaries` on this machine, or `containers`.
 */
export type GivenServers = { databaseUrl: string; redisUrl: string; services: string };

declare module 'vitest' {
  interface ProvidedContext {
    testServers: TestServers;
    givenServers: GivenServers;
  }
}
