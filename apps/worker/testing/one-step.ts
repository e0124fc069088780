import { readFile } from 'node:fs/promises';
import { readAccounts, readEnvironment } from '@rollcall/config';
import { armCrashPoint, crashPoint } from '@rollcall/crash-points';
import { openDatabase, suppressionCheck, syncAccounts } from '@rollcall/db';
import type { Account } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { createProvider, type Provider } from '@rollcall/providers';
import { openResultReaders } from '@rollcall/results';
import { createLogger, describeError, noMetrics, noTracing } from '@rollcall/telemetry';
import type { Counts, Equipment } from '../equipment.ts';
import { ingestChunk } from '../stages/ingest.ts';
import { planJob } from '../stages/plan.ts';
import { pollAccount } from '../stages/poll.ts';
import { submitChunk } from '../stages/submit.ts';
import { expire } from '../sweeps/expire.ts';
import { lookAtBalances } from '../sweeps/look-at-balances.ts';
import { rescue } from '../sweeps/rescue.ts';

/**
 * `one-step <step> <id>`: one stage or sweep of the worker, once, in a process of its own, with the environment and the accounts file that a
 * worker takes, and armed as one (ROLLCALL_CRASH_AT). The storm ends thousands of these, where whole workers would cost ten times
 * as much and mostly die of something else. There is no queue: what a step rings for is lost, as any doorbell may be, and whoever
 * starts steps looks in Postgres for what is due. The last line of standard output is what the step counted, or the error that it failed with (exit code 1), as JSON.
 */
const steps: Readonly<Record<string, (equipment: Equipment, id: string) => Promise<Counts>>> = {
  plan: planJob,
  submit: (equipment, chunkId) => submitChunk(equipment, chunkId, never),
  poll: (equipment, account) => pollAccount(equipment, account, never),
  ingest: (equipment, chunkId) => ingestChunk(equipment, chunkId, never),
  rescue,
  expire,
  balances: lookAtBalances,
  async sync({ db, accounts }) {
    const synced = await syncAccounts(db, [...accounts.accounts.values()]);
    if (!synced.ok) throw new Error(synced.problems.join('; '));
    return { accounts: accounts.accounts.size };
  },
};
const never = new AbortController().signal;

const [name = '', id = ''] = process.argv.slice(2);
const step = steps[name];
if (step === undefined) throw new Error(`a step is one of ${Object.keys(steps).join(', ')}`);
// It cannot outlive whoever started it.
process.stdin.resume().once('end', () => process.exit(1));
const environment = readEnvironment();
if (!environment.ok) throw new Error(environment.problems.join('; '));
const { config } = environment;
armCrashPoint(config.crashAt);
const read = readAccounts(await readFile(config.accountsFile, 'utf8'), undefined, {
  withKeys: true,
});
if (!read.ok) throw new Error(read.problems.join('; '));
const { accounts } = read;
const providers = new Map<string, Provider>();
const digests = numberDigests(config.suppressionSecrets);
const equipment: Equipment = {
  db: openDatabase({
    url: config.databaseUrl,
    role: 'rollcall_worker',
    maxConnections: config.databaseConnections,
    applicationName: 'rollcall step',
    onIdleError: () => undefined,
  }),
  log: createLogger({ name: 'step', level: config.logLevel }),
  metrics: noMetrics,
  tracing: noTracing,
  accounts,
  digests,
  suppressions: suppressionCheck(digests),
  providerOf(account: Account) {
    const known = providers.get(account.id);
    if (known) return known;
    const made = createProvider(account, accounts.keyOf(account.id));
    providers.set(account.id, made);
    return made;
  },
  readers: openResultReaders(),
  async ring(doorbells) {
    if (doorbells.length > 0) crashPoint('ring:after');
  },
  stopping: never,
  times: config,
  retention: config.retention_months,
};
let exitCode = 0;
const said = await step(equipment, id).catch((error: unknown) => {
  exitCode = 1;
  return describeError(error);
});
process.stdout.write(`${JSON.stringify({ step: name, ...said })}\n`, () => process.exit(exitCode));
