export { createTestDatabase, type TestDatabase } from './create-test-database.ts';
export { queuePrefix, type TestBackend, testBackends, testRedisUrl } from './test-backends.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
