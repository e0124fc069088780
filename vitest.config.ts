import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{apps,packages,checks}/**/*.test.ts'],
    globalSetup: ['vitest.global-setup.ts'],
    setupFiles: ['packages/testing/leak-check.ts'],
    reporters: ['default', './packages/testing/count-reporter.ts'],
    provide: {
      // Servers of your own instead of the ones that a run starts for itself. The user must be allowed to create databases and roles.
      givenServers: {
        databaseUrl: process.env['ROLLCALL_TEST_DATABASE_URL'] ?? '',
        redisUrl: process.env['ROLLCALL_TEST_REDIS_URL'] ?? '',
        // Where a run starts its own: `binaries` on this machine, or `containers` of a Docker engine.
        services: process.env['ROLLCALL_TEST_SERVICES'] || 'binaries',
      },
    },
    // Where a failure costs a whole further run, a test is tried once more; the run ends with the names of those that needed it
    // and with what they failed with (decision 0026). By hand none is: a race is to be seen at once.
    retry: process.env['CI'] ? 1 : 0,
    pool: 'forks',
    // Two cores is what the smallest machine that we promise to run on has; each file may start processes of its own.
    maxWorkers: 2,
    // Tests of one file that run beside each other: what waits for its turn must not spend its time-out there.
    maxConcurrency: 2,
    // A time-out ends what hangs; it is no measure of speed. Machines are shared, and a process may take many seconds to start.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // As waitFor of @rollcall/testing waits; a second, as it comes, is a measure of speed.
    expect: { poll: { timeout: 20_000 } },
  },
});
