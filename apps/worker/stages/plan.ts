import {
  type Area,
  closeChunks,
  closeIfAudited,
  failJob,
  insertChunks,
  insertRejectedChunk,
  lockJobForPlanning,
  nextReady,
  type PlannedJob,
  postponePlanning,
  startRunning,
  supersedeUnsent,
  type Transaction,
  wholeJob,
} from '@rollcall/db';
import { type AreaPlan, decidePlan } from '@rollcall/domain';
import { type Counts, type Equipment, newId, offerOf } from '../equipment.ts';

/**
 * Looks at a job: cuts it into chunks, cuts anew what a provider refused for its size, or closes it. One short transaction
 * under the job's lock, so there is nothing to lease: a worker that dies leaves the job as it was.
 */
export async function planJob(equipment: Equipment, jobId: string): Promise<Counts> {
  const { db, log } = equipment;
  const planned = await db.transaction('plan.job', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    return job === null ? null : { job, ...(await planLocked(tx, equipment, job)) };
  });
  if (planned === null) return { elsewhere: 1 };
  const { job, chunks, closed } = planned;
  if (closed === 'audit_failed') log.error('job.audit_failed', { job: jobId });
  if (closed === 'not_offered') {
    log.error('job.attention', {
      job: jobId,
      account: job.account,
      check: job.checkName,
      reason: 'check_not_offered',
    });
  }
  if (closed === 'closed') log.info('job.closed', { job: jobId, check: job.checkName });
  if (chunks > 0) {
    log.info('job.planned', {
      job: jobId,
      check: job.checkName,
      account: job.account,
      counts: { chunks, numbers: job.accepted },
    });
    const slots = equipment.accounts.accounts.get(job.account)?.pace.uploadsInFlight ?? 1;
    const next = await nextReady(db, job.account, slots);
    await equipment.ring(
      next.map(({ chunkId, ring }) => ({ stage: 'submit', chunkId, account: job.account, ring })),
    );
  }
  return { chunks, closed: closed === 'closed' ? 1 : 0 };
}

interface PlanOutcome {
  readonly chunks: number;
  readonly closed: 'open' | 'closed' | 'audit_failed' | 'not_offered';
}

async function planLocked(
  tx: Transaction,
  equipment: Equipment,
  job: PlannedJob,
): Promise<PlanOutcome> {
  switch (job.state) {
    case 'planning':
      if (job.accepted === 0) return { chunks: 0, closed: await close(tx, job, 'planning') };
      return cut(tx, equipment, job, [await wholeJob(tx, job)]);
    case 'running':
    case 'paused': {
      if (job.openChunks === 0) return { chunks: 0, closed: await close(tx, job, job.state) };
      // Another process may know a newer accounts file: nothing is taken back that this one could not cut again.
      if (offerOf(equipment, job.account, job.checkName) === null) return notOffered(tx, job);
      return cut(tx, equipment, job, await supersedeUnsent(tx, job));
    }
    case 'cancelling':
      if (job.openChunks > 0) return { chunks: 0, closed: 'open' };
      return { chunks: 0, closed: await close(tx, job, 'cancelling') };
    default:
      return { chunks: 0, closed: 'open' };
  }
}

async function close(
  tx: Transaction,
  job: PlannedJob,
  state: 'planning' | 'running' | 'paused' | 'cancelling',
): Promise<PlanOutcome['closed']> {
  return (await closeIfAudited(tx, job.jobNo, job.jobId, state)).kind;
}

/**
 * This process's accounts file does not have the check. Another process may know a newer one, so nothing is changed; a job that
 * nobody could plan for an hour ends as failed, with nothing sent and nothing paid.
 */
async function notOffered(tx: Transaction, job: PlannedJob): Promise<PlanOutcome> {
  if (job.state !== 'planning' || !job.isOld) {
    await postponePlanning(tx, job.jobNo);
    return { chunks: 0, closed: 'not_offered' };
  }
  const area = await wholeJob(tx, job);
  await insertRejectedChunk(tx, job, area, 1, newId('chunk'), 'check_not_offered');
  await failJob(tx, job.jobNo, `account ${job.account} does not offer ${job.checkName}`);
  return { chunks: 0, closed: 'closed' };
}

async function cut(
  tx: Transaction,
  equipment: Equipment,
  job: PlannedJob,
  areas: readonly Area[],
): Promise<PlanOutcome> {
  const offered = offerOf(equipment, job.account, job.checkName);
  if (offered === null) return notOffered(tx, job);
  const plans = decidePlan({
    areas: areas.map(({ numbers, suppressed, erased }) => numbers - suppressed - erased),
    limits: offered.offer,
    learned: job.learned,
    withCanary: offered.account.canary !== 'off' && !job.anyAccepted,
    replans: job.replans,
  });
  let chunkNo = job.chunks + 1;
  let ready = 0;
  for (const [index, area] of areas.entries()) {
    const placed = await place(tx, job, area, chunkNo, plans[index], {
      canary: offered.account.canary !== 'off' && !job.anyAccepted && index === 0,
      behindCanary: index > 0 && hasCanary(plans[0], offered.account.canary, job.anyAccepted),
    });
    chunkNo += placed.chunks;
    ready += placed.open;
  }
  await startRunning(tx, job.jobNo);
  if (ready === 0) return { chunks: 0, closed: (await closeChunks(tx, job.jobNo, 0)).kind };
  return { chunks: ready, closed: 'open' };
}

/** The domain puts a canary first only where more than one chunk follows from it. */
function hasCanary(plan: AreaPlan | undefined, mode: string, anyAccepted: boolean): boolean {
  return (
    mode !== 'off' &&
    !anyAccepted &&
    plan !== undefined &&
    typeof plan.sizes !== 'string' &&
    plan.sizes.length > 1
  );
}

async function place(
  tx: Transaction,
  job: PlannedJob,
  area: Area,
  chunkNo: number,
  plan: AreaPlan | undefined,
  first: { readonly canary: boolean; readonly behindCanary: boolean },
): Promise<{ readonly chunks: number; readonly open: number }> {
  if (plan === undefined || typeof plan.sizes === 'string') {
    await insertRejectedChunk(tx, job, area, chunkNo, newId('chunk'), whyNone(area, plan));
    return { chunks: 1, open: 0 };
  }
  const goesAlone = first.canary && plan.sizes.length > 1;
  await insertChunks(
    tx,
    job,
    area,
    chunkNo,
    plan.sizes.map((numbers, index) => ({
      id: newId('chunk'),
      numbers,
      isCanary: goesAlone && index === 0,
      state: first.behindCanary || (goesAlone && index > 0) ? 'blocked' : 'ready',
    })),
  );
  return { chunks: plan.sizes.length, open: plan.sizes.length };
}

/** Why no upload is made of an area. */
function whyNone({ numbers, suppressed, erased }: Area, plan: AreaPlan | undefined): string {
  if (numbers === suppressed + erased) return 'suppressed';
  return plan?.sizes === 'refused_too_often' ? 'batch_size_refused' : 'batch_too_small';
}
