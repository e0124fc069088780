import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import type { FaultyWire } from '@rollcall/testing';
import type { Scene } from '../ground/open-scene.ts';
import { patient } from '../ground/patient.ts';
import type { Fault, PauseAim } from './schedule.ts';

const momentLimit_ms = 3_000;

/** Stops whoever holds a claim; false where nobody did, and nobody was stopped. */
export type PauseHolder = (aim: PauseAim) => Promise<boolean>;

/**
 * Does a fault and, where it lasts, undoes it after its time; resolves when it is over with whether it struck anybody. A reply is lost later, if
 * at all: those the wires count.
 */
export async function injectFault(
  scene: Scene,
  fault: Fault,
  pauseHolder: PauseHolder,
): Promise<boolean> {
  switch (fault.kind) {
    case 'kill':
      return scene.slots[fault.worker]?.kill(fault.down_ms) ?? false;
    case 'pause':
      return pause(scene, fault, pauseHolder);
    case 'provider':
      await scene.simulator.control('POST', 'faults', fault.fault);
      // The simulator counts on which requests it fires.
      return false;
    case 'queue':
      return troubleQueue(scene, fault);
    case 'database':
      return troubleDatabase(scene, fault);
    case 'wire':
      return troubleWire(fault.of === 'results' ? scene.resultWire : scene.providerWire, fault);
  }
}

async function pause(
  scene: Scene,
  { aim, worker, for_ms }: Extract<Fault, { kind: 'pause' }>,
  pauseHolder: PauseHolder,
): Promise<boolean> {
  if (await pauseHolder(aim)) return true;
  const resume = scene.slots[worker]?.pause() ?? null;
  if (resume === null) return false;
  await delay(for_ms);
  resume();
  return true;
}

async function troubleQueue(
  { db, redis }: Scene,
  { what, for_ms }: Extract<Fault, { kind: 'queue' }>,
): Promise<boolean> {
  if (redis === null) return (await patient(() => emptyQueueTables(db))) > 0;
  switch (what) {
    case 'emptied':
      return redis.server.flush();
    case 'killed':
      await redis.server.dieAndComeBackEmpty(for_ms);
      return true;
    case 'frozen':
      redis.wire.freeze();
      return mendAfter(redis.wire, for_ms);
    case 'lost_reply':
      redis.wire.loseNextReply();
      return false;
  }
}

/** What FLUSHALL is to Redis: how many rows there were. The schema is BullMQ's, and may not be there yet. */
async function emptyQueueTables(db: Database): Promise<number> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'`,
  );
  let emptied = 0;
  for (const { name } of tables) emptied += (await db.query(`DELETE FROM ${name}`)).rowCount ?? 0;
  return emptied;
}

async function troubleDatabase(
  { db, postgres, databaseWires }: Scene,
  { what, worker, for_ms }: Extract<Fault, { kind: 'database' }>,
): Promise<boolean> {
  const wire = databaseWires[worker];
  if (wire === undefined) throw new Error(`there is no worker ${worker}`);
  switch (what) {
    case 'immediate_restart':
      await postgres.restartImmediately(Math.min(for_ms, 2_000));
      return true;
    case 'backends_terminated': {
      const { rowCount } = await patient(() =>
        db.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename LIKE 'storm%' AND pid <> pg_backend_pid()`,
        ),
      );
      return (rowCount ?? 0) > 0;
    }
    case 'frozen':
      await someone(wire);
      wire.freeze();
      return mendAfter(wire, for_ms);
    case 'reset':
      return reset(wire);
    case 'commit_reply_lost':
      wire.dropReply('COMMIT');
      return false;
  }
}

async function troubleWire(
  wire: FaultyWire,
  { what, for_ms }: Extract<Fault, { kind: 'wire' }>,
): Promise<boolean> {
  await someone(wire);
  switch (what) {
    case 'delayed':
      wire.delay(400);
      break;
    case 'dripping':
      wire.drip(150);
      break;
    case 'truncated':
      wire.truncate(120);
      break;
    case 'reset':
      return reset(wire);
    case 'frozen':
      wire.freeze();
      break;
    case 'cut': {
      const struck = wire.connections().length > 0;
      await wire.cut();
      await delay(for_ms);
      await wire.mend();
      return struck;
    }
  }
  return mendAfter(wire, for_ms);
}

/** Waits for its moment a while: nothing happens to a line that nobody is on. */
async function someone(wire: FaultyWire, limit_ms = momentLimit_ms): Promise<void> {
  const giveUpAt = performance.now() + limit_ms;
  while (wire.connections().length === 0 && performance.now() < giveUpAt) await delay(10);
}

/** Whether anybody was connected, now or within a while. */
export async function reset(wire: FaultyWire, limit_ms = momentLimit_ms): Promise<boolean> {
  await someone(wire, limit_ms);
  const struck = wire.connections().length > 0;
  wire.reset();
  return struck;
}

/** Whether anybody was connected meanwhile, or wanted to be. */
async function mendAfter(wire: FaultyWire, for_ms: number): Promise<boolean> {
  const takenBefore = wire.taken();
  const connected = wire.connections().length > 0;
  await delay(for_ms);
  await wire.mend();
  return connected || wire.taken() > takenBefore;
}
