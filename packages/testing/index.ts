export { createTestDatabase, type TestDatabase } from './create-test-database.ts';
export { type FaultyWire, openFaultyWire } from './faulty-wire.ts';
export { heldOpenFiles } from './held-open-files.ts';
export { makeXlsx, rowsXml, sharedStringsXml, sheetXml, workbookMembers } from './make-xlsx.ts';
export { directoryRecord, makeZip, renameInZip } from './make-zip.ts';
export { type SimulatorOptions, startSimulator, type TestSimulator } from './start-simulator.ts';
export { queuePrefix, type TestBackend, testBackends, testRedisUrl } from './test-backends.ts';
export { type WaitOptions, waitFor } from './wait-for.ts';
export { writesInNamedTransactionsOnly } from './writes-in-named-transactions-only.ts';
