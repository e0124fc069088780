import { jobSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { flag } from '../flags.ts';
import { describeJob } from '../job-view.ts';
import type { Run } from '../program.ts';
import { watchJob } from '../watch-job.ts';

export function jobCommand(command: Command, run: Run): void {
  command
    .description('Shows a job: what came of it so far, what it cost, and what of it waits.')
    .argument('<id>', 'a job', flag.id('job'))
    .option('--watch', 'stay until it is closed, with its progress')
    .action(
      run(async (context, id: string, options: { readonly watch?: boolean }) => {
        const { api, output, signal } = context;
        if (options.watch) {
          const watched = await watchJob(context, id, {
            onJob: (job) => (output.json ? output.value(job) : Promise.resolve()),
          });
          return watched.ending;
        }
        const { value, raw } = await api.ask(jobSchema, 'GET', `/v1/jobs/${id}`, { signal });
        if (output.json) await output.value(raw);
        else for (const line of describeJob(value)) await output.line(line);
        return 'done';
      }),
    );
}
