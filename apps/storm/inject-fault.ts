import { setTimeout as delay } from 'node:timers/promises';
import type { FaultyWire } from '@rollcall/testing';
import type { Scene } from './open-scene.ts';
import { patient } from './patient.ts';
import { pauseHolder } from './pause-holder.ts';
import type { Fault } from './schedule.ts';

/** Does a fault and, where it lasts, undoes it after its time; resolves when it is over. */
export async function injectFault(scene: Scene, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      return scene.slots[fault.worker]?.kill(fault.down_ms);
    case 'pause':
      return pause(scene, fault);
    case 'provider':
      await scene.simulator.control('POST', 'faults', fault.fault);
      return;
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
): Promise<void> {
  if (await pauseHolder(scene, aim)) return;
  const resume = scene.slots[worker]?.pause();
  await delay(for_ms);
  resume?.();
}

async function troubleQueue(
  { db, redis }: Scene,
  { what, for_ms }: Extract<Fault, { kind: 'queue' }>,
): Promise<void> {
  if (redis === null) {
    // What FLUSHALL is to Redis. The schema is BullMQ's, and may not be there yet.
    await patient(() =>
      db.query(`DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%' LOOP
          EXECUTE 'DELETE FROM ' || t;
        END LOOP; END $$`),
    );
    return;
  }
  switch (what) {
    case 'emptied':
      return redis.server.flush();
    case 'killed':
      return redis.server.dieAndComeBackEmpty(for_ms);
    case 'frozen':
      redis.wire.freeze();
      await delay(for_ms);
      return redis.wire.mend();
    case 'lost_reply':
      return redis.wire.loseNextReply();
  }
}

async function troubleDatabase(
  { db, postgres, databaseWires }: Scene,
  { what, worker, for_ms }: Extract<Fault, { kind: 'database' }>,
): Promise<void> {
  const wire = databaseWires[worker];
  if (wire === undefined) throw new Error(`there is no worker ${worker}`);
  switch (what) {
    case 'immediate_restart':
      return postgres.restartImmediately(Math.min(for_ms, 2_000));
    case 'backends_terminated':
      await patient(() =>
        db.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename LIKE 'storm%' AND pid <> pg_backend_pid()`,
        ),
      );
      return;
    case 'frozen':
      wire.freeze();
      await delay(for_ms);
      return wire.mend();
    case 'reset':
      return wire.reset();
    case 'commit_reply_lost':
      return wire.dropReply('COMMIT');
  }
}

async function troubleWire(
  wire: FaultyWire,
  { what, for_ms }: Extract<Fault, { kind: 'wire' }>,
): Promise<void> {
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
      return wire.reset();
    case 'frozen':
      wire.freeze();
      break;
    case 'cut':
      await wire.cut();
      break;
  }
  await delay(for_ms);
  return wire.mend();
}
