import { CommandFailed } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { examineAccounts } from './examine-accounts.ts';
import { examineHolds } from './examine-holds.ts';
import { examineJobs } from './examine-jobs.ts';
import { examineOverdue } from './examine-overdue.ts';
import { examineReadiness } from './examine-readiness.ts';
import type { Finding } from './finding.ts';

export type { Finding };

const examinations = {
  readiness: examineReadiness,
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
  const findings: Finding[] = [];
  const skipped: string[] = [];
  // One after another: readiness first, since it explains what the others would meet.
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
