import type { Account, CheckOffer } from './account.ts';
import type { Money } from './money.ts';
import type { Evidence, TaskStatus } from './provider-answer.ts';

/** Values that the tests of this package start from; each test names what it changes. */

export const sampleOffer: CheckOffer = {
  taskType: 'tg',
  minNumbers: 10,
  maxNumbers: 100_000,
  chunkSize: 1_000,
  pricePerNumber: 1_000_000n as Money,
  semantics: 'table',
  verdictColumns: [],
  verdictWords: {},
};

export const sampleAccount: Account = {
  id: 'sample',
  adapter: 'tasks-v1',
  baseUrl: 'https://provider.example',
  currency: 'USD',
  operatedBy: 'default',
  checks: { telegram: sampleOffer },
  pace: { requestsPerSecond: 5, uploadsInFlight: 2 },
  poll: { floor_ms: 1_000, ceiling_ms: 60_000, deadline_ms: 3_600_000 },
  upload_deadline_ms: 20_000,
  download_deadline_ms: 60_000,
  maxResultBytes: 1 << 20,
  resultHosts: [],
  allowInsecure: false,
  canary: 'ingest',
  semanticsConfirmed: true,
  dailyCap: null,
  monthlyCap: null,
  pathPrefix: null,
  userId: null,
};

export const sampleEvidence: Evidence = {
  operation: 'submit',
  startedAt_ms: 1_000,
  duration_ms: 10,
  headersSent: true,
  sentBody: null,
  httpStatus: 200,
  bodyExcerpt: null,
  rawBody: null,
  transportError: null,
};

export const sampleStatus: TaskStatus = {
  word: 'processing',
  phase: 'running',
  total: null,
  success: null,
  failure: null,
  filtered: null,
  locator: null,
  actual: null,
};
