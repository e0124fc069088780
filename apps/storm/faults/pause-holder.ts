import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import type { Scene } from '../ground/open-scene.ts';
import { patient } from '../ground/patient.ts';
import type { PauseAim } from './schedule.ts';
import type { WorkerSlot } from '../ground/worker-slot.ts';
import { type Holder, takenOver, until } from './taken-over.ts';

/** Longer than a look at the database, shorter than a lease less its rescue: both holders of a claim are still at it when one wakes. */
const slow_ms = 2_200;
/** Uploads come before polls, and downloads last. */
const holderLimit_ms = 7_000;
const takeoverLimit_ms = 8_000;

/** The state in which a claim is held that is aimed at, and how long the provider takes for what is done meanwhile. */
const states: Readonly<Record<PauseAim, string>> = {
  upload: 'submitting',
  poll: 'polling',
  download: 'ingesting',
  failing_download: 'ingesting',
};

/** What the provider is told, so that whoever claims anything surely holds it for a while. */
function slowly(aim: PauseAim): object[] {
  const each = (operation: string, action: object) => ({
    match: { operation },
    nth: 1,
    next: 'all',
    action,
  });
  return [
    each('create', { kind: 'delay', ms: aim === 'upload' ? 1_000 : 50 }),
    each('status', { kind: 'delay', ms: aim === 'poll' ? slow_ms : 50 }),
    each(
      'file',
      aim === 'failing_download'
        ? { kind: 'answer', status: 503, delay_ms: slow_ms }
        : { kind: 'delay', ms: slow_ms },
    ),
  ];
}

/** How the claims of a pipeline are found, in the states of Rollcall's chunks. */
export interface Claims {
  /** A mark of now, for `holder`. */
  now(db: Database): Promise<number>;
  /** Somebody's claim in one of the states, begun after the mark. */
  holder(db: Database, among: readonly string[], since: number): Promise<Holder | null>;
  /** Who has it now. */
  takenOver(db: Database, holder: Holder): Promise<{ readonly who: string } | null>;
}

const taken = new WeakSet<WorkerSlot>();

/**
 * Stops a worker that holds a claim right now, and wakes it as soon as another has the claim or it was given up: its late write meets
 * somebody else's work, which is what a fence is for. False: nobody held one, and nobody was stopped.
 */
export async function pauseHolder(scene: Scene, claims: Claims, aim: PauseAim): Promise<boolean> {
  const posted = [];
  const mine: WorkerSlot[] = [];
  for (const fault of slowly(aim)) {
    posted.push(...(await postFault(scene, fault)));
  }
  try {
    const since = await patient(() => claims.now(scene.db));
    const any = Object.values(states);
    /** Whom another pause has stopped, or is about to, is left to that one. */
    const awake = async (among: readonly string[]) => {
      const found = await claims.holder(scene.db, among, since);
      const slot = scene.slots.find(({ role }) => role === found?.who);
      if (slot === undefined || taken.has(slot)) return null;
      taken.add(slot);
      mine.push(slot);
      return found;
    };
    const holder =
      (await until(holderLimit_ms, () => awake([states[aim]]))) ??
      (await until(1_000, () => awake(any)));
    if (holder === null) return false;
    // Its request is on the wire by then.
    await delay(100);
    const slot = scene.slots.find(({ role }) => role === holder.who);
    if (slot === undefined) return false;
    const resume = slot.pause();
    if (resume === null) return false;
    scene.tell(
      `${holder.who} stopped while ${holder.state} ${holder.chunk_id}, fence ${holder.fence}`,
    );
    try {
      const by = await until(takeoverLimit_ms, () => claims.takenOver(scene.db, holder));
      scene.tell(`${holder.who} wakes, ${by === null ? 'nobody' : by.who} has taken over`);
    } finally {
      resume();
    }
    // Awake while the other still holds what it took.
    await delay(1_000);
    return true;
  } finally {
    for (const slot of mine) taken.delete(slot);
    for (const id of posted) await scene.simulator.control('DELETE', `faults/${id}`);
  }
}

async function postFault({ simulator }: Scene, fault: object): Promise<readonly number[]> {
  const { ids } = (await simulator.control('POST', 'faults', fault)) as { ids: number[] };
  return ids;
}

/** Rollcall's, as the triggers wrote them down. */
export const journaledClaims: Claims = {
  async now(db) {
    const { rows } = await db.query<{ id: number }>(
      'SELECT COALESCE(max(id), 0) AS id FROM storm.journal',
    );
    return rows[0]?.id ?? 0;
  },
  holder: holderNow,
  takenOver,
};

/** Whose claim in one of these states began after the journal's row `since` and is not over. */
async function holderNow(
  db: Database,
  among: readonly string[],
  since: number,
): Promise<Holder | null> {
  const { rows } = await db.query<Holder>(
    `SELECT j.who, j.chunk_id, j.to_fence AS fence, c.state
       FROM storm.journal j JOIN store.chunks c ON c.id = j.chunk_id AND c.fence = j.to_fence AND c.state = j.to_state
      WHERE j.id > $2 AND j.subject = 'chunk' AND j.to_state = ANY($1) AND j.from_fence <> j.to_fence
        AND (j.from_state = 'polling' OR j.to_state <> 'polling') AND j.who LIKE 'storm%'
        AND NOT EXISTS (SELECT FROM storm.journal l WHERE l.chunk_id = j.chunk_id AND l.subject = 'chunk' AND l.id > j.id)
      ORDER BY j.id DESC LIMIT 1`,
    [among, since],
  );
  return rows[0] ?? null;
}
