import {
  type Account,
  accountListSchema,
  checkListSchema,
  chunkPageSchema,
  jobPageSchema,
  jobSchema,
  type Job,
} from '@rollcall/contract';
import { formatMoney, parseMoney, priceOf } from '@rollcall/domain';
import type { Context } from '../context.ts';
import { counted } from '../plain-text.ts';
import { isAdvisedByAccount, nextStepOf, resumeStepOf } from '../stuck.ts';
import type { Finding } from './finding.ts';

/** Each is looked at by itself; more than that is no diagnosis any more. */
const jobs_max = 50;
/** A provider may take minutes for a chunk and is polled every five at most; a job whose uploads all stood still for longer does not move. */
const standstill_ms = 30 * 60_000;
/** Cutting ten million numbers into chunks takes seconds. */
const planning_ms = 5 * 60_000;

/** Jobs of which something is blocked, that are paused, or that do not move though nothing says why. */
export async function examineJobs(context: Context): Promise<Finding[]> {
  const { api, signal } = context;
  const ask = async (query: Record<string, string | number>) =>
    (
      await api.ask(jobPageSchema, 'GET', '/v1/jobs', {
        query: { ...query, limit: jobs_max },
        signal,
      })
    ).value.data;
  const waiting = await ask({ attention: 'true' });
  const open = await ask({ state: 'planning,running,paused,cancelling' });
  const prices = waiting.length === 0 ? new Map<string, string>() : await readPrices(context);
  const findings: Finding[] = [];
  let accounts: ReadonlyMap<string, Account> | null = null;
  for (const { id } of waiting) {
    const { value } = await api.ask(jobSchema, 'GET', `/v1/jobs/${id}`, { signal });
    if (value.attention.some(isAboutAccount)) accounts ??= await readAccounts(context);
    findings.push(...blockedOf(value, prices, accounts?.get(value.account) ?? null));
  }
  const now_ms = Date.now();
  for (const job of open) {
    if (job.state === 'paused') {
      findings.push({
        kind: 'paused',
        what: `${job.id} is paused with ${counted(job.counts.pending, 'number')} left`,
        since: null,
        money: null,
        command: `rollcall resume ${job.id}`,
      });
    } else if (!waiting.some(({ id }) => id === job.id) && stoppedOf(job) === 0) {
      findings.push(...(await notMoving(context, job, now_ms)));
    }
  }
  return findings;
}

/**
 * What is blocked of a job, by reason; the canary's followers wait for it alone, and what is held, or not paid for at the provider, is told
 * of by itself.
 */
function blockedOf(
  job: Job,
  prices: ReadonlyMap<string, string>,
  account: Account | null,
): Finding[] {
  return job.attention
    .filter(({ state, reason }) => state === 'blocked' && reason !== 'canary')
    .map((each): Finding => {
      const price = parseMoney(prices.get(`${job.check} ${job.account}`) ?? '');
      const cost = price === null ? null : formatMoney(priceOf(price, each.numbers));
      return {
        kind: 'blocked',
        what: `${job.id}: ${each.reason}, ${counted(each.numbers, 'number')} in ${counted(each.chunks, 'upload')} at ${job.account}`,
        since: null,
        money:
          cost === null
            ? null
            : { meaning: meaningOf(each.reason), amount: cost, currency: job.money.currency },
        ...(isAdvisedByAccount(each) && { advice: account?.advice ?? null }),
        ...(each.reason === 'auth' && account !== null
          ? resumeStepOf(account, 'auth')
          : nextStepOf(each, job)),
      };
    });
}

function meaningOf(reason: string): string {
  return reason === 'job_ceiling' ? 'raise max_cost by' : 'to send it costs';
}

/** Whether the account knows what to do about it. */
function isAboutAccount(each: Job['attention'][number]): boolean {
  return isAdvisedByAccount(each) || each.reason === 'auth';
}

async function readAccounts({ api, signal }: Context): Promise<ReadonlyMap<string, Account>> {
  const { value } = await api.ask(accountListSchema, 'GET', '/v1/accounts', { signal });
  return new Map(value.data.map((each) => [each.id, each]));
}

async function readPrices({ api, signal }: Context): Promise<ReadonlyMap<string, string>> {
  const { value } = await api.ask(checkListSchema, 'GET', '/v1/checks', { signal });
  return new Map(
    value.data.flatMap(({ name, accounts }) =>
      accounts.map((offer) => [`${name} ${offer.account}`, offer.price_per_number] as const),
    ),
  );
}

/** What is held or blocked is told of by itself, also of a job that is not among those that were looked at. */
function stoppedOf({ chunks }: Pick<Job, 'chunks'>): number {
  return chunks.held + chunks.blocked;
}

async function notMoving(
  { api, signal }: Context,
  job: Pick<Job, 'id' | 'state' | 'created_at' | 'counts'>,
  now_ms: number,
): Promise<Finding[]> {
  const created_ms = Date.parse(job.created_at);
  if (job.state === 'planning') {
    if (now_ms - created_ms < planning_ms) return [];
    return [
      standing(
        job,
        job.created_at,
        'was never cut into uploads: does a worker run with the stage plan?',
      ),
    ];
  }
  if (now_ms - created_ms < standstill_ms) return [];
  const { value } = await api.ask(chunkPageSchema, 'GET', `/v1/jobs/${job.id}/chunks`, {
    query: { limit: 1_000 },
    signal,
  });
  const changed =
    value.data
      .map((chunk) => chunk.changed_at)
      .sort()
      .at(-1) ?? job.created_at;
  if (now_ms - Date.parse(changed) < standstill_ms) return [];
  return [
    standing(
      job,
      changed,
      'has uploads open, and none changed: does a worker run, and does the provider answer?',
    ),
  ];
}

function standing(job: Pick<Job, 'id' | 'counts'>, since: string, why: string): Finding {
  return {
    kind: 'not_moving',
    what: `${job.id}, ${counted(job.counts.pending, 'number')} left, ${why}`,
    since,
    money: null,
    command: `rollcall chunks ${job.id}`,
  };
}
