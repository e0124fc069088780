import type { Command } from 'commander';
import { examine } from '../doctor/examine.ts';
import { findingLines } from '../doctor/finding-lines.ts';
import { failed } from '../command-failed.ts';
import type { Run } from '../program.ts';

export function doctorCommand(command: Command, run: Run): void {
  command
    .description(
      'Looks at the API, its database and queue, accounts, held and blocked uploads and jobs that do not move. A line for each finding, and below it what to do, with the command that acts. Ends with 0 when there is none, with 6 when a person is needed.',
    )
    .action(
      run(async (context) => {
        const { output, api } = context;
        const examined = await examine(context);
        const { findings, skipped } = examined;
        if (output.json) {
          await output.value({ healthy: findings.length === 0, findings, skipped });
        } else {
          for (const line of findings.flatMap(findingLines)) await output.line(line);
          for (const each of skipped) output.note(`not looked at: ${each}`);
          if (findings.length === 0) output.note(`${api.url}: nothing is stuck.`);
        }
        if (skipped.length > 0 && findings.length === 0) {
          throw failed(
            'refused',
            'not_looked_at',
            'Not everything could be looked at',
            skipped.join('; '),
            ['Use a key with the scope jobs:read.'],
          );
        }
        return findings.length === 0 ? 'done' : 'personNeeded';
      }),
    );
}
