import type { TestSimulator } from '@rollcall/testing';
import type { EnqueuedJob } from '../ground/enqueue-job.ts';

/** What the simulator calls what a check asks for. */
const asked: Readonly<Record<string, { readonly account: string; readonly taskType: string }>> = {
  telegram: { account: 'ekycpro', taskType: 'tg' },
  coinw: { account: 'ekycpro', taskType: 'coinW' },
  twitter: { account: 'checknumber', taskType: 'Twitter' },
  facebook: { account: 'facebook', taskType: 'facebook' },
  whatsapp: { account: 'webcom', taskType: 'WA_cheking' },
  viber: { account: 'webcom', taskType: 'Viber_cheking' },
};

/** What a correct reader must conclude of each number of a job from an undamaged file. */
export async function readTruth(
  simulator: TestSimulator,
  job: Pick<EnqueuedJob, 'check' | 'list'>,
): Promise<Map<number, string>> {
  const of = asked[job.check];
  if (!of) throw new Error(`nobody knows the truth of ${job.check}`);
  const answer = await fetch(
    `${simulator.url}/_sim/truth?account=${of.account}&task_type=${of.taskType}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(job.list.map(String)),
    },
  );
  if (!answer.ok) throw new Error(`truth of ${job.check}: ${answer.status}`);
  const lines = (await answer.text()).trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [number, outcome = ''] = line.trim().split(',');
      return [Number(number), outcome];
    }),
  );
}
