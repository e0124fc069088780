import { simulatedAccounts } from '@rollcall/config';
import { parseDocument } from 'yaml';

/** Of each account; the checker of P8 counts them. */
export const uploadsInFlight = 3;

/**
 * The simulated accounts, with chunks of about 20 numbers (facebook 100, telegram 400 behind a canary) and patience in seconds: an
 * upload is given up within the lease, and a task that never ends is held within the episode.
 */
export async function stormAccounts(simulator: {
  readonly url: string;
  readonly resultUrl: string;
  /** How long a task may take before it is held. */
  readonly patience_s: number;
  /** Shorter than the lease. */
  readonly uploadDeadline_ms: number;
}): Promise<{ readonly text: string; readonly keys: Readonly<Record<string, string>> }> {
  const { text, keys } = await simulatedAccounts({ ...simulator, chunkSize: 20 });
  const file = parseDocument(text);
  for (const account of Object.keys((file.toJS() as { accounts: object }).accounts)) {
    const set = (path: readonly string[], value: unknown) =>
      file.setIn(['accounts', account, ...path], file.createNode(value));
    set(['pace'], { requests_per_second: 40, uploads_in_flight: uploadsInFlight });
    set(['poll'], { floor: '150ms', ceiling: '1s', deadline: `${simulator.patience_s}s` });
    // Elsewhere a job's first chunk goes alone, and the storm would be over before the rest of them.
    if (account !== 'ekycpro') set(['canary'], 'off');
    set(['upload_deadline'], `${simulator.uploadDeadline_ms}ms`);
    // Longer than a pause: whoever wakes has its file to write, not a deadline that has passed.
    set(['download_deadline'], '12s');
  }
  file.setIn(['accounts', 'ekycpro', 'checks', 'telegram', 'chunk_size'], 400);
  return { text: file.toString(), keys };
}
