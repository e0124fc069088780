import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { enqueueJob, type EnqueuedJob } from './ground/enqueue-job.ts';
import { judgeEpisode } from './judge-episode.ts';
import type { Lane } from './ground/lane.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { decideHolds, tendAll } from './operator.ts';
import { patient } from './ground/patient.ts';
import type { EpisodeReport } from './play-episode.ts';
import { providerFault } from './faults/provider-faults.ts';
import { type Random, seededRandom } from './faults/random.ts';
import { type Facts, readFacts } from './check/read-facts.ts';
import { endScripts } from './run-storm.ts';
import { startWorker } from './ground/start-worker.ts';
import { openStepper, type Stepper } from './stepper.ts';
import { stormAccounts } from './ground/storm-accounts.ts';
import { deathLeases } from './ground/storm-leases.ts';
import type { Violation } from './check/violation.ts';

/** An episode of nothing but deaths at crash points: of each, what is drawn comes from the seed; what is due then, the machine has a say in. */
export interface DeathPlan {
  readonly seed: string;
  readonly run: number;
  readonly deaths: number;
}

/** Jobs of one to four chunks, and for each of them some fault of its provider. */
const smallJobs = [
  { check: 'telegram', account: 'ekycpro', least: 10 },
  { check: 'coinw', account: 'ekycpro', least: 15 },
  { check: 'twitter', account: 'checknumber', least: 15 },
  { check: 'facebook', account: 'ekycpro-facebook', least: 100 },
  { check: 'whatsapp', account: 'webcom', least: 15 },
  { check: 'viber', account: 'webcom', least: 15 },
];
const jobsAtFirst = 4;
const openChunksMax = 24;
const operatorEvery_ms = 400;
/** In the midst of it a hold is decided so often, and then left for the calm. */
const decisionsMax = 3;
const deathless_ms = 60_000;

/**
 * Steps of the worker, one process each, that mostly die at a point: no queue, no line that fails, no server that is killed, which the
 * other episodes have. Meanwhile the operator decides what is held as a person would. Then calm: a worker that does not die, and the same judgement.
 */
export async function playDeaths(
  lane: Lane,
  { seed, run, deaths }: DeathPlan,
  say: (line: string) => void,
): Promise<EpisodeReport> {
  await using opened = new AsyncDisposableStack();
  const random = seededRandom(`${seed}/deaths/${run}`);
  const ground = await openGround(opened, lane, { run, say });
  const { db, simulator, tell } = ground;
  const { accounts, environment } = await furnish(ground);
  const jobs: EnqueuedJob[] = [];
  const enqueue = async () => {
    const { least, ...kind } = random.pick(smallJobs);
    const job = { at_ms: 0, ...kind, numbers: random.between(least, least + 60) };
    const enqueued = await enqueueJob(db, accounts, job, jobs.length);
    jobs.push(enqueued);
    if (random.chance(0.8)) await simulator.control('POST', 'faults', quickFault(random));
  };
  const stepper = await openStepper(lane, ground, random, environment);
  opened.defer(() => stepper.stop());
  for (let first = 0; first < jobsAtFirst; first += 1) await enqueue();
  const over = new AbortController();
  const operating = operate(ground, jobs, over.signal);
  await untilDead(stepper, deaths, async () => {
    if ((await openChunks(ground)) < openChunksMax) await enqueue();
  });
  over.abort();
  await operating;
  const calmFrom = performance.now();
  tell('calm');
  await stepper.stop();
  const scripted = await endScripts(simulator);
  // A whole one, at a fifth of the cost of as many steps: it takes over whatever they left.
  const worker = startWorker({
    program: lane.programs.worker,
    flags: ['--until-stdin-ends'],
    environment: {
      ...environment,
      DATABASE_URL: lane.postgres.urlAs(ground.databaseUrl, 'storm_4'),
      ROLLCALL_DATABASE_CONNECTIONS: '4',
      NODE_COMPILE_CACHE: lane.programs.compileCache,
    },
    onLine: (line) => {
      if (!line.startsWith('{')) tell(`storm_4 says: ${line}`);
    },
  });
  opened.defer(() => worker.kill());
  const judged = await judgeEpisode(ground, {
    jobs,
    scripted,
    calmFrom,
    stop: async () => {
      await worker.stop();
    },
    check: paidAgain,
  });
  const { crashes, survivors } = stepper;
  return {
    ...judged,
    faults: { crash_point: crashes.length, provider: scripted.fired },
    crashes,
    survivors: survivors(),
    sleptAt: null,
    overtakenAt: null,
    takeovers: null,
  };
}

/** The accounts, and the environment of a step that has them. */
async function furnish({ simulator, folder, temporary }: Ground) {
  const accounts = await stormAccounts({
    ...simulator,
    patience_s: 300,
    uploadDeadline_ms: deathLeases.lease_ms - 500,
  });
  const accountsFile = join(folder, 'accounts.yaml');
  await writeFile(accountsFile, accounts.text);
  const environment = {
    TMPDIR: temporary,
    ROLLCALL_ACCOUNTS_FILE: accountsFile,
    ROLLCALL_DATABASE_CONNECTIONS: '2',
    ROLLCALL_LOG_LEVEL: 'error',
    ROLLCALL_LEASE_MS: String(deathLeases.lease_ms),
    ROLLCALL_HEARTBEAT_MS: String(deathLeases.heartbeat_ms),
    ROLLCALL_RESCUE_INTERVAL_MS: String(deathLeases.rescue_ms),
    ...accounts.keys,
  };
  return { accounts: accounts.accounts, environment };
}

/** None that charges after a person may have asked whether it did. */
function quickFault(random: Random) {
  for (;;) {
    const fault = providerFault(random, random.chance(0.5) ? 'before' : 'amid');
    if (fault.action['before_charge'] !== true) return fault;
  }
}

async function untilDead(
  stepper: Stepper,
  deaths: number,
  feed: () => Promise<void>,
): Promise<void> {
  let seen = 0;
  let diedAt = performance.now();
  while (stepper.crashes.length < deaths) {
    if (stepper.crashes.length > seen) diedAt = performance.now();
    else if (performance.now() - diedAt > deathless_ms) throw new Error('no step dies any more');
    seen = stepper.crashes.length;
    if (stepper.isIdle()) await feed();
    await delay(50);
  }
}

async function openChunks({ db }: Ground): Promise<number> {
  const { rows } = await patient(() =>
    db.query<{ open: number }>(
      `SELECT count(*) AS open FROM store.chunks WHERE state NOT IN ('done', 'failed', 'rejected', 'cancelled', 'superseded')`,
    ),
  );
  return rows[0]?.open ?? 0;
}

async function operate(
  ground: Ground,
  jobs: readonly EnqueuedJob[],
  over: AbortSignal,
): Promise<void> {
  const tries = new Map<string, number>();
  while (!over.aborted) {
    await patient(() => tendAll(ground.db));
    const { rowCount } = await patient(() =>
      ground.db.query(`SELECT FROM store.chunks WHERE state = 'held' LIMIT 1`),
    );
    if (rowCount !== 0) {
      const facts = await readFacts(ground.db, ground.simulator, jobs);
      const chunks = facts.chunks.filter(({ id }) => (tries.get(id) ?? 0) < decisionsMax);
      await decideHolds(ground.db, { ...facts, chunks }, tries);
    }
    await delay(operatorEvery_ms, undefined, { signal: over }).catch(() => undefined);
  }
}

/**
 * This operator says that nothing was charged only where nothing was, and nothing is charged late here: a charge more than the one and those
 * that were written off is one too many, whatever was approved.
 */
function paidAgain({ chunks, approvals, charges }: Facts): readonly Violation[] {
  return chunks.flatMap((chunk): Violation[] => {
    const paid = charges.filter(({ numbers_sha256 }) => numbers_sha256 === chunk.sha256).length;
    const writtenOff = approvals.filter(
      ({ chunk_id, lifted_to }) => chunk_id === chunk.id && lifted_to === 'written_off',
    ).length;
    const extra = paid - 1 - writtenOff;
    if (chunk.state === 'superseded' || extra <= 0) return [];
    const what = `${paid} charges, and ${writtenOff} were written off when it was paid again`;
    return [{ kind: 'paid_twice', chunkId: chunk.id, count: extra * chunk.numbers, what }];
  });
}
