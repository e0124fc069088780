export { createTestDatabase, type TestDatabase } from './create-test-database.ts';
export { type SimulatorOptions, startSimulator, type TestSimulator } from './start-simulator.ts';
export { queuePrefix, type TestBackend, testBackends, testRedisUrl } from './test-backends.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
