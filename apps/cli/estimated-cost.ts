import { checkListSchema, type Job } from '@rollcall/contract';
import { formatMoney, parseMoney, priceOf } from '@rollcall/domain';
import { CommandFailed } from './command-failed.ts';
import type { Context } from './context.ts';

/** What all of a job would cost at the price of now, in its currency; null where the API does not tell. */
export async function estimatedCostOf(
  { api, signal }: Pick<Context, 'api' | 'signal'>,
  job: Pick<Job, 'check' | 'account' | 'counts'>,
): Promise<string | null> {
  try {
    const { value } = await api.ask(checkListSchema, 'GET', '/v1/checks', { signal });
    const offers = value.data.find(({ name }) => name === job.check)?.accounts;
    const offer = offers?.find(({ account }) => account === job.account);
    const price = parseMoney(offer?.price_per_number ?? '');
    return price === null ? null : formatMoney(priceOf(price, job.counts.accepted));
  } catch (error) {
    // A figure beside the progress, and no reason to end what it stands beside.
    if (error instanceof CommandFailed) return null;
    throw error;
  }
}
