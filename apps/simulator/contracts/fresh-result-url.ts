import type { Account } from '../accounts.ts';
import { appearanceOf } from '../results/appearance.ts';
import { noEdits } from '../results/edits.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';

/**
 * A fresh presigned URL for a task's result. Its ending follows the layout, except that every fourth task's lies: a
 * workbook called .zip, or the reverse.
 */
export function freshResultUrl(simulation: Simulation, task: Task, account: Account): string {
  const appearance = appearanceOf(task, account, task.script.file?.edits ?? noEdits);
  const layout = appearance.kind === 'table' ? appearance.layout : 'csv';
  const lies = task.ordinal % 4 === 3;
  const ending = layout.startsWith('zip') !== lies ? 'zip' : layout === 'csv' ? 'csv' : 'xlsx';
  const path = `/externalcheck/${task.id}/${task.id}.${ending}`;
  const expiresSeconds = simulation.settings.result_url_expires_seconds;
  const bornExpired = task.script.expiredUrlsLeft > 0;
  if (bornExpired) task.script.expiredUrlsLeft -= 1;
  const signedAtMs = simulation.now() - (bornExpired ? (expiresSeconds + 60) * 1000 : 0);
  const query = simulation.resultUrls.sign(path, signedAtMs, expiresSeconds);
  return `${simulation.settings.result_origin ?? simulation.resultOrigin}${path}?${query}`;
}
