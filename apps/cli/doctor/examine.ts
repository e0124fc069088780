import { CommandFailed } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { examineAccounts } from './examine-accounts.ts';
import { examineHolds } from './examine-holds.ts';
import { examineJobs } from './examine-jobs.ts';
import { examineOverdue } from './examine-overdue.ts';
import { askReadiness, readinessFindings } from './examine-readiness.ts';
import type { Finding } from './finding.ts';

export type { Finding };

const examinations = {
  accounts: examineAccounts,
  holds: examineHolds,
  jobs: examineJobs,
  'due work': examineOverdue,
} as const;

/**
 * Everything that stands still, each with what acts. What the key may not see is skipped and said; an API that is away, or a key
 * that is none, ends the command.
 */
export async function examine(
  context: Context,
): Promise<{ readonly findings: readonly Finding[]; readonly skipped: readonly string[] }> {
  // First, since it explains what the others would meet.
  const ready = await askReadiness(context);
  const findings = readinessFindings(ready);
  if (!ready.postgres.ok) {
    // All else is read from it, and each question would wait for it to come back.
    const names = Object.keys(examinations).join(', ');
    return { findings, skipped: [`${names} (all of it is in Postgres)`] };
  }
  const skipped: string[] = [];
  for (const [name, look] of Object.entries(examinations)) {
    try {
      findings.push(...(await look(context)));
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      const { code, detail } = error.problem;
      const isRefused = error.ending === 'refused';
      // With nothing found yet, that the API is away is all there is to say.
      if (!isRefused && findings.length === 0) throw error;
      skipped.push(`${name} (${code}: ${detail})`);
    }
  }
  return { findings, skipped };
}
