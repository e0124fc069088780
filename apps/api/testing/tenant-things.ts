import { randomBytes } from 'node:crypto';
import { createApiKey, type Database, revokeApiKey } from '@rollcall/db';
import { type IdKind, makeId } from '@rollcall/domain';
import { insertAnsweredJob } from './answered-job.ts';
import { closedInDoubt } from './closed-job.ts';
import type { Ground } from './ground.ts';
import { insertHeld, insertHeldAccepted } from './held-chunk.ts';

/** One of each thing that a path can name, all of one tenant, by their ids. */
export interface TenantThings {
  readonly job: string;
  readonly closedJob: string;
  readonly cancelledJob: string;
  /** Of `job`; it is done, and its file is kept. */
  readonly chunk: string;
  /** Held for its file, which is kept. */
  readonly hold: string;
  /** Held after an upload whose outcome is not known. */
  readonly unknownHold: string;
  readonly replay: string;
  readonly key: string;
  readonly endedKey: string;
  readonly erasure: string;
}

/** Makes them, as workers and requests would have left them. */
export async function insertTenantThings(
  { app, database, bearer }: Ground,
  tenantId: number,
): Promise<TenantThings> {
  const job = await insertAnsweredJob(database, { tenantId });
  const closedJob = await closedInDoubt(database, { tenantId });
  const cancelledJob = await insertAnsweredJob(database, { tenantId });
  const { chunkId: hold } = await insertHeldAccepted(database, 'artifact', tenantId);
  const { chunkId: unknownHold } = await insertHeld(database, tenantId);
  const { rows } = await database.query<{ id: string }>(
    "SELECT c.id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 AND c.state = 'done'",
    [job],
  );
  const chunk = rows[0]?.id ?? '';
  for (const id of [chunk, hold]) await keepFile(database, id);
  const replay = makeId('replay', Date.now(), randomBytes(10));
  await database.query(
    `INSERT INTO store.replays (id, tenant_id, job_no, chunk_id, artifact_id, mode, asked_by, why, state, failure, finished_at)
     SELECT $2, tenant_id, job_no, id, artifact_id, 'compare', 'vitest', 'a test', 'failed', 'not_this_chunk', now() FROM store.chunks WHERE id = $1`,
    [chunk, replay],
  );
  const made = async () =>
    (await createApiKey(database, { tenantId, name: 'thing', scopes: ['jobs:read'] })).id;
  const endedKey = await made();
  await revokeApiKey(database, tenantId, endedKey);
  const key = await made();
  const asked = await app.inject({
    method: 'DELETE',
    url: '/v1/numbers/%2B447911999997?reason=a%20test&requested_by=vitest',
    headers: { authorization: await bearer(['admin'], tenantId) },
  });
  const erasure = asked.json<{ id: string }>().id;
  return { job, closedJob, cancelledJob, chunk, hold, unknownHold, replay, key, endedKey, erasure };
}

/** Ids like these that name nothing. */
export function thingsThatAreNot(): TenantThings {
  const none = (kind: IdKind) => makeId(kind, Date.now(), randomBytes(10));
  return {
    job: none('job'),
    closedJob: none('job'),
    cancelledJob: none('job'),
    chunk: none('chunk'),
    hold: none('chunk'),
    unknownHold: none('chunk'),
    replay: none('replay'),
    key: none('apiKey'),
    endedKey: none('apiKey'),
    erasure: none('erasure'),
  };
}

async function keepFile(database: Database, chunkId: string): Promise<void> {
  const id = makeId('artifact', Date.now(), randomBytes(10));
  await database.query(
    `WITH c AS (SELECT c.*, j.job_day FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.id = $1),
          kept AS (INSERT INTO store.artifacts (id, chunk_id, attempt_id, tenant_id, job_day, sha256, byte_count, headers)
                   SELECT $2, id, attempt_id, tenant_id, job_day, sha256(''), 0, '{}' FROM c),
          blob AS (INSERT INTO store.blobs (id, job_day, tenant_id, job_no, kind, encoding, sha256, byte_count)
                   SELECT $2, job_day, tenant_id, job_no, 'artifact', 'identity', sha256(''), 0 FROM c)
     UPDATE store.chunks SET artifact_id = $2 FROM c WHERE chunks.id = c.id`,
    [chunkId, id],
  );
}
