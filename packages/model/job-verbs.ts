import { unblockAccount } from './submit-verbs.ts';
import { changeChunk, changeJob, closeChunk, isFinalJob, type Store } from './store.ts';

/** What is done to the job and the account: packages/db/sql/{control-job,plan-chunks,accounts}.ts. */

/** False: nothing changed. */
export function pauseJob(store: Store): boolean {
  if (store.job !== 'running') return false;
  changeJob(store, 'paused');
  return true;
}

export function resumeJob(store: Store): boolean {
  if (store.job !== 'paused') return false;
  changeJob(store, 'running');
  return true;
}

export function cancelJob(store: Store): boolean {
  if (isFinalJob(store.job) || store.job === 'cancelling') return false;
  changeJob(store, 'cancelling');
  if (store.chunk.state === 'ready' || store.chunk.state === 'blocked') {
    changeChunk(store, { state: 'cancelled', reason: null, due: null });
    closeChunk(store, 'cancelled');
  }
  return true;
}

/** The job may spend as much as it likes. */
export function liftCeiling(store: Store): boolean {
  if (store.ceiling_uploads === null || isFinalJob(store.job)) return false;
  store.ceiling_uploads = null;
  if (store.chunk.state === 'blocked' && store.chunk.reason === 'job_ceiling') {
    changeChunk(store, { due: 'past' });
  }
  return true;
}

/** The plan stage takes back what was refused for its size and never paid for: its numbers go into newer chunks. */
export function supersede(store: Store): boolean {
  const { state, reason } = store.chunk;
  if (state !== 'blocked' || reason !== 'replan') return false;
  if (store.job !== 'running' && store.job !== 'paused') return false;
  const free = store.attempts.every(
    ({ outcome }) => outcome === 'not_sent' || outcome === 'refused_free',
  );
  if (free) changeChunk(store, { state: 'superseded', reason: null, due: null });
  return free;
}

export function resumeAccount(store: Store): boolean {
  const paused = store.pausedReason !== null;
  store.pausedReason = null;
  unblockAccount(store, ['account_paused', 'auth']);
  const { state, reason } = store.chunk;
  if (state === 'blocked' && reason === 'provider_balance') changeChunk(store, { due: 'past' });
  return paused;
}
