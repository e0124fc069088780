import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient, JobSeen } from '../api-client.ts';
import { DemoFailed } from './demo-failed.ts';
import type { ProgressDisplay } from './show-progress.ts';

const lookEvery_ms = 250;
/** Simulated providers answer in seconds: whoever stands still that long is stuck. */
const standstill_ms = 60_000;
const openStates = new Set(['planning', 'running']);

/** Looks at the jobs until all are closed. Throws DemoFailed where one needs a person, ends otherwise than completed, or stands still. */
export async function watchJobs(
  api: ApiClient,
  titles: ReadonlyMap<string, string>,
  display: ProgressDisplay,
): Promise<void> {
  let rows = -1;
  let movedAt = performance.now();
  for (;;) {
    const jobs = (await api.jobs()).filter((job) => titles.has(job.id));
    display.show(
      [...titles].flatMap(([id, title]) => {
        const job = jobs.find((each) => each.id === id);
        return job ? [{ title, answered: job.answered, accepted: job.accepted }] : [];
      }),
    );
    for (const job of jobs) refuseTrouble(job, titles.get(job.id) ?? job.id);
    if (jobs.length === titles.size && jobs.every((job) => job.state === 'completed')) return;
    const answered = jobs.reduce((sum, job) => sum + job.answered, 0);
    if (answered !== rows) movedAt = performance.now();
    rows = answered;
    if (performance.now() - movedAt > standstill_ms) {
      const open = jobs.filter((job) => job.state !== 'completed').map((job) => titles.get(job.id));
      throw new DemoFailed(
        `nothing moved for ${standstill_ms / 1_000} s: ${open.join(', ')}`,
        'worker',
      );
    }
    await delay(lookEvery_ms);
  }
}

function refuseTrouble(job: JobSeen, title: string): void {
  if (job.held > 0) throw new DemoFailed(`${title}: ${job.held} uploads are held`, 'worker');
  if (job.state === 'completed' || openStates.has(job.state)) return;
  throw new DemoFailed(`${title}: the job is ${job.state}`, 'worker');
}
