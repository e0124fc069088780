interface RunningJob {
  readonly state: string;
  readonly answered: number;
  readonly pending: number;
  readonly created_at: Date;
  readonly planned_at: Date | null;
}

/**
 * Whole seconds until a job's last number is answered if it goes on as it went so far. Null where that says nothing:
 * before a hundredth is answered (the first chunk is small and goes alone, so its pace is not the job's), while it is paused, and
 * once it is closed.
 */
export function etaSeconds(job: RunningJob, now_ms: number): number | null {
  if (job.state !== 'running' && job.state !== 'cancelling') return null;
  if (job.answered === 0 || job.answered * 100 < job.answered + job.pending) return null;
  const elapsed_ms = Math.max(1, now_ms - (job.planned_at ?? job.created_at).getTime());
  return Math.ceil((job.pending * elapsed_ms) / job.answered / 1_000);
}
