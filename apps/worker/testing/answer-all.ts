import { waitFor } from '@rollcall/testing';
import { ingestChunk } from '../stages/ingest.ts';
import { planJob } from '../stages/plan.ts';
import { pollAccount } from '../stages/poll.ts';
import { submitChunk } from '../stages/submit.ts';
import type { Ground } from '../test-ground.ts';

const never = new AbortController().signal;

/** Brings a job to its end stage by stage, without a queue: whatever is due is done, until the job is closed. */
export async function answerAll(ground: Ground, jobId: string): Promise<void> {
  const { equipment } = ground;
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      const job = await ground.job(jobId);
      if (job['finished_at'] !== null) return true;
      if (job['due_at'] !== null) await planJob(equipment, jobId);
      for (const chunk of await ground.chunks(jobId)) {
        const id = String(chunk['id']);
        if (chunk['state'] === 'ready') await submitChunk(equipment, id, never);
        if (chunk['state'] === 'polling') {
          await pollAccount(equipment, String(chunk['account']), never);
        }
        if (chunk['state'] === 'result_ready') await ingestChunk(equipment, id, never);
      }
      return false;
    },
    { timeoutMs: 110_000, describe: `the end of ${jobId}` },
  );
}
