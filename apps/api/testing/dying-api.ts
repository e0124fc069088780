import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { readAccounts } from '@rollcall/config';
import { armCrashPoint, readCrashPlan } from '@rollcall/crash-points';
import { checkRole, openDatabase } from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import { createLogger, noMetrics, noTracing } from '@rollcall/telemetry';
import { buildApp } from '../app.ts';
import { firstLook } from '../first-look.ts';
import type { Dying } from './die-in-api.ts';
import { testDigests } from './test-digests.ts';

/**
 * The whole API in a process of its own, which answers one request and is to die while it does. What it is told comes as one line of JSON on standard
 * input. Nobody listens, and there is no queue: what it rings for is lost, as any doorbell may be, and costs no connection. Where it
 * lives on, it says what it answered.
 */
const [line] = (await once(process.stdin.setEncoding('utf8'), 'data')) as [string];
const { plan, databaseUrl, applicationName, accountsText, limits, request } = JSON.parse(
  line,
) as Dying;
// Else it is written at an exit, to which this does not come; the next one starts in a quarter of the time.
flushCompileCache();
armCrashPoint(readCrashPlan(plan));
const read = readAccounts(accountsText, {}, { withKeys: false });
if (!read.ok) throw new Error(read.problems.join('\n'));
const queues: Queues = {
  backend: 'postgres',
  ring: async (doorbells) => ({ rung: 0, failed: doorbells.length }),
  consume() {
    throw new Error('an API consumes nothing');
  },
  all: () => [],
  healthy: async () => ({ ok: true }),
  close: async () => undefined,
};
const database = openDatabase({
  url: databaseUrl,
  role: 'rollcall_api',
  maxConnections: 8,
  applicationName,
  onIdleError: () => undefined,
});
const app = await buildApp({
  database,
  isDatabaseFine: firstLook(
    () => checkRole(database, 'rollcall_api'),
    () => undefined,
  ),
  queues,
  accounts: read.accounts,
  digests: testDigests,
  log: createLogger({ name: 'api', level: 'error' }),
  metrics: noMetrics,
  tracing: noTracing,
  limits,
});
const { method, path, headers, body } = request;
const answer = await app.inject({
  method,
  url: path,
  headers,
  payload: Buffer.from(body, 'base64'),
});
process.stdout.write(`${answer.statusCode} ${answer.body}\n`, () => process.exit(0));
