import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import { type EnqueuedJob, enqueueJob } from './ground/enqueue-job.ts';
import type { Scene } from './ground/open-scene.ts';
import { payAgainUnasked, tendAll } from './operator.ts';
import { patient } from './ground/patient.ts';
import { readFacts } from './check/read-facts.ts';
import type { Sleeper, SleepPoint } from './faults/schedule.ts';
import { type Holder, takenOver, until } from './faults/taken-over.ts';

/** No canary, so all of its chunks are there at once. */
const job = { at_ms: 0, check: 'twitter', account: 'checknumber', numbers: 60 };
const asleepLimit_ms = 20_000;
/** A lease, the sweep that ends it, and its doorbell, all over lines that are slow. */
const takeoverLimit_ms = 15_000;
/** Several claims of one worker run out together and are taken over one after the other. */
const restLimit_ms = 400;
/** What each piece waits on the others' lines to Postgres: from a claim to its last write are ten round trips and more. */
const slow_ms = 60;

interface Slept {
  /** What it was given to do. */
  readonly job: EnqueuedJob;
  /** It came to its point, with a claim in hand. */
  readonly slept: boolean;
  /** Its claim was another's when it woke. */
  readonly overtaken: boolean;
}

/**
 * A worker stops itself between its claim and the write that follows, with all in hand that it needs for that, and is woken as soon as another
 * has the claim and is still at it: whose lines to Postgres are slow meanwhile. What the sleeper writes then is stale, and its fence alone
 * stands in the way. An upload is nobody else's until a person pays for it again, who does: rightly where the sleeper
 * has sent nothing yet, and wrongly told that nothing was charged where it has. Nothing else goes wrong meanwhile, so that it comes to
 * this in each run.
 */
export async function playSleeper(
  scene: Scene,
  { worker, point }: Sleeper,
  index: number,
): Promise<Slept> {
  const { db, slots, databaseWires, simulator, tell } = scene;
  const slot = slots[worker];
  if (slot === undefined) throw new Error(`there is no worker ${worker}`);
  const others = slots.filter((other) => other !== slot);
  const otherWires = databaseWires.filter((_, at) => at !== worker);
  await slot.rearm(`${point}#1#stop`);
  // All that comes is the sleeper's.
  const resumes = others.map((other) => other.pause());
  for (const { role } of others) await patient(() => db.query(endOpenTransactions, [role]));
  if (point === 'ingest.keep_evidence:after_commit') {
    const refusal = { match: { operation: 'file' }, action: { kind: 'answer', status: 503 } };
    await simulator.control('POST', 'faults', refusal);
  }
  const enqueued = await enqueueJob(db, scene.accounts, job, index);
  const asleep = await until(asleepLimit_ms, async () => {
    await tendAll(db);
    return slot.asleepAt();
  });
  const held = await patient(() => claimsOf(db, slot.role, claimedIn(point)));
  tell(
    `${slot.role} ${asleep === null ? 'does not sleep' : `sleeps at ${asleep}`} over ${held.map(({ chunk_id }) => chunk_id).join(', ')}`,
  );
  await patient(() => db.query(endOpenTransactions, [slot.role]));
  for (const wire of otherWires) wire.delay(slow_ms);
  for (const resume of resumes) resume?.();

  const taken = async () => {
    const claims = await Promise.all(held.map((holder) => takenOver(db, holder)));
    return claims.filter((claim) => claim !== null).length;
  };
  const atLeast = (claims: number) => async () => ((await taken()) >= claims ? true : null);
  if (held.length > 0) await until(takeoverLimit_ms, atLeast(1));
  if (held.length > 1) await until(restLimit_ms, atLeast(held.length));
  const [first] = held;
  if (first?.state === 'submitting') await payAgain(scene, enqueued, first);
  const overtaken = await patient(taken);
  tell(`${slot.role} wakes, and ${overtaken} of ${held.length} claims are another's`);
  slot.wake();
  // Awake while the others still hold what they took.
  await delay(1_000);
  for (const wire of otherWires) wire.delay(0);
  await simulator.control('DELETE', 'faults');
  return {
    job: enqueued,
    slept: asleep !== null && held.length > 0,
    overtaken: overtaken > 0,
  };
}

/** The upload is paid for again and on the wire when this resolves, at another worker. */
async function payAgain(
  { db, simulator, tell }: Scene,
  enqueued: EnqueuedJob,
  { chunk_id, who }: Holder,
): Promise<void> {
  await payAgainUnasked(db, await readFacts(db, simulator, [enqueued]), chunk_id);
  const again = await until(takeoverLimit_ms, async () => {
    // So many uploads at once whose outcome is unknown stop the account.
    await tendAll(db);
    const { rows } = await db.query<{ who: string }>(
      `SELECT j.who FROM storm.journal j JOIN store.chunks c ON c.id = j.chunk_id AND c.fence = j.to_fence
        WHERE c.id = $1 AND c.state = 'submitting' AND j.to_state = 'submitting' AND j.who <> $2`,
      [chunk_id, who],
    );
    return rows[0] ?? null;
  });
  tell(`${again?.who ?? 'nobody'} uploads ${chunk_id} again`);
}

/** A sweep or a heartbeat that was stopped half-way keeps its locks. Postgres ends it after 15 s by itself, which is long to wait. */
const endOpenTransactions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND usename = $1 AND state LIKE 'idle in transaction%'`;

/** The state in which a worker has the claim that it sleeps over. */
function claimedIn(point: SleepPoint): string {
  if (point.startsWith('poll')) return 'polling';
  return point.startsWith('submit') ? 'submitting' : 'ingesting';
}

/** What a worker has claimed and not written since. */
async function claimsOf(db: Database, who: string, state: string): Promise<Holder[]> {
  const { rows } = await db.query<Holder>(
    `SELECT j.who, j.chunk_id, j.to_fence AS fence, c.state
       FROM storm.journal j JOIN store.chunks c ON c.id = j.chunk_id AND c.fence = j.to_fence AND c.state = j.to_state
      WHERE j.subject = 'chunk' AND j.who = $1 AND j.to_state = $2 AND j.from_fence <> j.to_fence
        AND NOT EXISTS (SELECT FROM storm.journal l WHERE l.chunk_id = j.chunk_id AND l.subject = 'chunk' AND l.id > j.id)`,
    [who, state],
  );
  return rows;
}
