import type { Money } from '@rollcall/domain';
import { leaveIngest } from '../sql/leave-ingest.ts';
import { settlePoll } from '../sql/poll-tasks.ts';
import { heldUnknown, lost, ready } from './answers.ts';
import { type Ground, newId } from './ground.ts';
import {
  archive,
  claim,
  claimPoll,
  readyChunk,
  settle,
  startIngest,
  submit,
  untilResult,
} from './walk-chunk.ts';

/** Chunks that wait for a person, for each reason, and the person. */

export const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'support has answered' };
export const approval = (
  costCeiling = 1_000_000_000n,
  liftedTo: 'written_off' | 'not_charged' = 'written_off',
) => ({
  id: newId.approval(),
  costCeiling: costCeiling as Money,
  liftedTo,
});

export async function heldAsUnknown(ground: Ground) {
  const { jobId, chunkId } = await readyChunk(ground);
  const chunk = await claim(ground, chunkId);
  await settle(ground, chunk, lost, heldUnknown);
  return { jobId, chunkId, attemptId: chunk.attemptId };
}
export async function heldByPoll(ground: Ground, reason: 'poll' | 'upstream_failed') {
  const { jobId, chunkId } = await readyChunk(ground);
  const { attemptId } = await submit(ground, chunkId);
  const poll = await claimPoll(ground, chunkId);
  const detail = reason === 'poll' ? 'deadline' : 'failed_twice';
  await ground.db.transaction('test', (tx) =>
    settlePoll(tx, poll, { kind: 'status', status: ready }, { kind: 'hold', reason, detail }),
  );
  return { jobId, chunkId, attemptId, taskId: poll.taskId };
}
export async function heldWithArtifact(ground: Ground) {
  const { jobId, chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  const artifact = await archive(ground, ingest);
  await ground.db.transaction('test', (tx) =>
    leaveIngest(tx, ingest, artifact.id, {
      kind: 'hold',
      reason: 'artifact',
      code: 'html',
      verdict: 'unreadable',
      detail: 'a login page\0',
    }),
  );
  return { jobId, chunkId, artifact };
}
