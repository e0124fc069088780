import { randomUUID } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readAccounts, readEnvironment } from '@rollcall/config';
import { armCrashPoint, crashPoint } from '@rollcall/crash-points';
import { openDatabase } from '@rollcall/db';
import {
  type Account,
  type CheckOffer,
  Reconciliation,
  type ResultLocator,
  verdicts,
} from '@rollcall/domain';
import { createProvider, type Provider } from '@rollcall/providers';
import { readResult } from '@rollcall/results';
import { naiveCrashPlan, naivePoints } from './naive-crash-plan.ts';

/**
 * The worker that Rollcall is compared with: claim, call, store, and try again on an error or when the lock of a dead worker runs out,
 * as job queues do it. No straw man: it claims with SKIP LOCKED, extends its lock while it works, stores the task id as soon as it
 * has it and goes on from there when it tries again, backs off, and speaks to the providers with the very adapters and parser of
 * Rollcall. What it lacks is what this repository is about: a doubtful upload is an error like any other.
 */

interface Job {
  readonly id: number;
  readonly account: string;
  readonly check_name: string;
  readonly numbers: number[];
  readonly tries: number;
  readonly task_id: string | null;
}

const triesMax = 10;
const atOnce = 3;
const taskPatience_ms = 20_000;

const environment = readEnvironment();
if (!environment.ok) throw new Error(environment.problems.join('; '));
const { config } = environment;
armCrashPoint(naiveCrashPlan(config.crashAt));
const read = readAccounts(await readFile(config.accountsFile, 'utf8'), undefined, {
  withKeys: true,
});
if (!read.ok) throw new Error(read.problems.join('; '));
const { accounts } = read;
const db = openDatabase({
  url: config.databaseUrl,
  maxConnections: 6,
  applicationName: 'naive worker',
  onIdleError: () => undefined,
});
const providers = new Map<string, Provider>(
  [...accounts.accounts.values()].map((account) => [
    account.id,
    createProvider(account, accounts.keyOf(account.id)),
  ]),
);

async function claim(): Promise<Job | undefined> {
  const { rows } = await db.query<Job>(
    `UPDATE naive.jobs SET state = 'active', tries = tries + 1, locked_by = session_user, locked_until = now() + $1 * interval '1 millisecond'
      WHERE id = (SELECT id FROM naive.jobs
                   WHERE (state = 'waiting' AND run_at <= now()) OR (state = 'active' AND locked_until < now())
                   ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id, account, check_name, numbers, tries, task_id`,
    [config.lease_ms],
  );
  return rows[0];
}

async function work(job: Job): Promise<void> {
  const account = accounts.accounts.get(job.account);
  const offer = account?.checks[job.check_name];
  const provider = providers.get(job.account);
  if (!account || !offer || !provider) throw new Error('nobody offers this');
  const numbers = Float64Array.from(job.numbers.map(Number));
  const taskId = job.task_id ?? (await upload(job, provider, offer, numbers));
  const locator = await untilReady(job, provider, taskId);
  const rows = await download(provider, locator, account, offer, job.check_name, numbers);
  crashPoint(naivePoints.afterParse);
  await db.transaction('test', async (tx) => {
    await tx.query(
      `INSERT INTO naive.results (check_name, number, outcome) SELECT $1, * FROM unnest($2::bigint[], $3::text[])
       ON CONFLICT (check_name, number) DO UPDATE SET outcome = EXCLUDED.outcome`,
      [job.check_name, [...numbers], rows],
    );
    await tx.query(`UPDATE naive.jobs SET state = 'completed' WHERE id = $1`, [job.id]);
  });
}

async function upload(
  job: Job,
  provider: Provider,
  offer: CheckOffer,
  numbers: Float64Array,
): Promise<string> {
  crashPoint(naivePoints.beforeUpload);
  const answer = await provider.submit({
    taskType: offer.taskType,
    numbers,
    reference: `naive-${job.id}`,
    stillMine: () => true,
  });
  crashPoint(naivePoints.afterAnswer);
  if (answer.kind !== 'accepted') throw new Error(`upload: ${answer.kind}`);
  await db.query('UPDATE naive.jobs SET task_id = $2 WHERE id = $1', [job.id, answer.taskId]);
  return answer.taskId;
}

async function untilReady(job: Job, provider: Provider, taskId: string): Promise<ResultLocator> {
  const giveUpAt = Date.now() + taskPatience_ms;
  while (Date.now() < giveUpAt) {
    crashPoint(naivePoints.beforePoll);
    const answer = await provider.status([taskId]);
    crashPoint(naivePoints.afterPoll);
    const status = answer.kind === 'answered' ? answer.tasks.get(taskId) : undefined;
    if (status?.phase === 'ready' && status.locator) return status.locator;
    if (status?.phase === 'failed' || status?.phase === 'rejected') {
      // The provider says that it has failed: the next try uploads again.
      await db.query('UPDATE naive.jobs SET task_id = NULL WHERE id = $1', [job.id]);
      throw new Error('task failed');
    }
    await delay(300);
  }
  throw new Error('task timed out');
}

async function download(
  provider: Provider,
  locator: ResultLocator,
  account: Account,
  offer: CheckOffer,
  check: string,
  numbers: Float64Array,
): Promise<string[]> {
  const path = join(tmpdir(), `naive-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    crashPoint(naivePoints.beforeDownload);
    const answer = await provider.download(locator, async (bytes) => {
      await file.write(bytes);
    });
    crashPoint(naivePoints.afterDownload);
    if (answer.kind !== 'downloaded') throw new Error(`download: ${answer.kind}`);
    const { semantics, taskType, verdictColumns, verdictWords } = offer;
    const options = {
      semantics,
      check,
      taskType,
      verdictColumns,
      verdictWords,
      droppedColumns: [],
    };
    const reconciliation = new Reconciliation(numbers);
    const batches = readResult({ fd: file.fd }, options);
    for (;;) {
      const next = await batches.next();
      if (next.done) {
        if (next.value.kind === 'unreadable') throw new Error(`${account.id}: unreadable result`);
        break;
      }
      for (let index = 0; index < next.value.count; index += 1) {
        const verdict = verdicts[next.value.verdicts[index] ?? 0] ?? 'undetermined';
        const number = next.value.numbers[index] ?? Number.NaN;
        if (!Number.isNaN(number)) reconciliation.add(number, verdict, null);
      }
    }
    return Array.from(numbers, (_, index) => reconciliation.outcomeAt(index, semantics));
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function run(): Promise<void> {
  for (;;) {
    const job = await claim().catch(() => undefined);
    if (job === undefined) {
      await delay(200);
      continue;
    }
    const beat = setInterval(() => {
      db.query(
        `UPDATE naive.jobs SET locked_until = now() + $2 * interval '1 millisecond' WHERE id = $1 AND state = 'active'`,
        [job.id, config.lease_ms],
      ).catch(() => undefined);
    }, config.heartbeat_ms);
    try {
      await work(job);
    } catch (error) {
      const state = job.tries >= triesMax ? 'failed' : 'waiting';
      await db
        .query(
          `UPDATE naive.jobs SET state = $2, error = $3, run_at = now() + $4 * interval '1 millisecond' WHERE id = $1 AND state = 'active'`,
          [job.id, state, String(error), Math.min(500 * 2 ** job.tries, 8_000)],
        )
        // The lock runs out, and somebody tries again.
        .catch(() => undefined);
    } finally {
      clearInterval(beat);
    }
  }
}

process.stdout.write(`${JSON.stringify({ event: 'worker.started' })}\n`);
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
await Promise.all(Array.from({ length: atOnce }, run));
