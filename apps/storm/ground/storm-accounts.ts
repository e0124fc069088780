import { readAccounts, simulatedAccounts } from '@rollcall/config';
import { type Account, type CheckOffer, chunkSizes } from '@rollcall/domain';
import { parseDocument } from 'yaml';
import type { StormJob } from '../faults/schedule.ts';

export interface StormAccounts {
  /** An accounts file. */
  readonly text: string;
  /** The environment that it names. */
  readonly keys: Readonly<Record<string, string>>;
  /** What is in it. */
  readonly accounts: ReadonlyMap<string, Account>;
}

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
}): Promise<StormAccounts> {
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
  const changed = file.toString();
  const read = readAccounts(changed, keys, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('; '));
  return { text: changed, keys, accounts: read.accounts.accounts };
}

/** How many numbers each chunk of a job has, as the plan stage cuts it. */
export function sizesOf(
  { accounts }: Pick<StormAccounts, 'accounts'>,
  { account, check, numbers }: Pick<StormJob, 'account' | 'check' | 'numbers'>,
): readonly number[] {
  const sizes = chunkSizes(
    numbers,
    offerOf(accounts, account, check),
    accounts.get(account)?.canary !== 'off',
  );
  if (sizes === 'too_few') throw new RangeError(`${numbers} are too few for ${check}`);
  return sizes;
}

export function offerOf(
  accounts: ReadonlyMap<string, Account>,
  account: string,
  check: string,
): CheckOffer {
  const offer = accounts.get(account)?.checks[check];
  if (offer === undefined) throw new TypeError(`${account} offers no ${check}`);
  return offer;
}
