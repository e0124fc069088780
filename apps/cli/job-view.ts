import type { Job, JobSummary } from '@rollcall/contract';
import { formatMoney, type Money, noMoney, parseMoney } from '@rollcall/domain';
import { retryCommandOf } from './closed-job.ts';
import { counted, durationText, grouped, plainText, timeText } from './plain-text.ts';
import { nextStepOf, stepText } from './stuck.ts';

export const jobHeadings = [
  'id',
  'state',
  'check',
  'account',
  'numbers',
  'done',
  'held',
  'blocked',
  'cost',
  'created',
  'name',
];

/** What a narrow terminal does without, the first of them first. */
export const jobLessImportant = [
  'blocked',
  'held',
  'account',
  'created',
  'name',
  'cost',
  'check',
  'numbers',
];

/** A job as a row of a list. */
export function jobRow(job: JobSummary): string[] {
  return [
    job.id,
    job.state,
    job.check,
    job.account,
    grouped(job.counts.accepted),
    percent(job),
    grouped(job.chunks.held),
    grouped(job.chunks.blocked),
    `${job.money.cost} ${job.money.currency}`,
    timeText(job.created_at),
    job.name ?? '',
  ];
}

export function percent({ progress }: Pick<JobSummary, 'progress'>): string {
  return `${(Math.floor(progress * 1_000) / 10).toFixed(1)}%`;
}

/** A job as a person reads it: a line a subject, and what to do where it waits for somebody. */
export function describeJob(job: Job): string[] {
  const { counts } = job;
  const fields: [string, string][] = [
    ['job', `${job.id}${job.name === null ? '' : `  ${job.name}`}`],
    ['state', job.state + (job.failure === null ? '' : `: ${job.failure}`)],
    ['check', `${job.check} at ${job.account}`],
    ['asked by', `${job.requested_by}: ${job.purpose}`],
    ['lines', linesText(job)],
    [
      'answered',
      `${grouped(counts.answered)} of ${grouped(counts.accepted)} (${percent(job)})${etaText(job)}`,
    ],
    ['outcomes', outcomesText(job) || 'none yet'],
    ['money', moneyText(job)],
    ['created', timeText(job.created_at)],
    ...(job.finished_at === null
      ? []
      : [['finished', timeText(job.finished_at)] as [string, string]]),
    ...(job.retry_of === null ? [] : [['retry of', job.retry_of] as [string, string]]),
  ];
  return [
    ...fields.map(([name, text]) => `${name.padEnd(10)}${plainText(text)}`),
    ...attentionLines(job),
    ...againLines(job),
  ];
}

function againLines(job: Job): string[] {
  const again = job.finished_at === null ? null : retryCommandOf(job);
  return again === null ? [] : [`${' '.repeat(10)}→ ${again}`];
}

/** What of a job is held, blocked or not paid for, with its money and the command that goes on. */
export function attentionLines(job: Pick<Job, 'id' | 'account' | 'money' | 'attention'>): string[] {
  return job.attention.flatMap((each) => {
    const detail = each.detail === null ? '' : `, ${each.detail}`;
    // Held for anything but `unknown`, the upload was accepted: its money is spent.
    const what = each.reason === 'unknown' ? 'in doubt' : 'paid';
    const money =
      each.money_at_risk === '0' ? '' : `, ${each.money_at_risk} ${job.money.currency} ${what}`;
    if (each.state === 'waiting') {
      return [
        `waits     ${each.reason}: ${counted(each.chunks, 'upload')} ${each.chunks === 1 ? 'is' : 'are'} at the provider and unpaid, ${counted(each.numbers, 'number')}, ${each.unpaid} ${job.money.currency}`,
        `${' '.repeat(10)}${stepText(nextStepOf(each, job))}`,
      ];
    }
    return [
      plainText(
        `${each.state.padEnd(10)}${each.reason}${detail}: ${counted(each.chunks, 'upload')}, ${counted(each.numbers, 'number')}${money}`,
      ),
      `${' '.repeat(10)}${stepText(nextStepOf(each, job))}`,
    ];
  });
}

/** How a closed job ended, in one line. */
export function endLine(job: Job): string {
  return plainText(
    `${job.id} is ${job.state}: ${grouped(job.counts.answered)} of ${grouped(job.counts.accepted)} answered (${outcomesText(job) || 'no outcomes'}), ${moneyText(job)}`,
  );
}

function linesText({ counts, reject_reasons: reasons }: Job): string {
  const why = Object.entries(reasons).map(([reason, count]) => `${reason} ${grouped(count)}`);
  return (
    `${grouped(counts.lines)} = ${grouped(counts.accepted)} accepted + ${counted(counts.duplicates, 'duplicate')} + ` +
    `${grouped(counts.rejected)} rejected${why.length === 0 ? '' : ` (${why.join(', ')})`}`
  );
}

function outcomesText({ outcomes }: Job): string {
  return Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${outcome} ${grouped(count)}`)
    .join(', ');
}

function moneyText(job: Pick<Job, 'money' | 'attention'>): string {
  const { currency, reserved, at_risk, max_cost } = job.money;
  const { spent, unpaid } = spentOf(job);
  return [
    `${spent} ${currency} spent`,
    ...(unpaid === '0' ? [] : [`${unpaid} ${currency} to be paid at the provider`]),
    ...(reserved === '0' ? [] : [`${reserved} ${currency} reserved`]),
    ...(at_risk === '0' ? [] : [`${at_risk} at risk`]),
    ...(max_cost === null ? [] : [`at most ${max_cost} ${currency}`]),
  ].join(', ');
}

/** What a job has spent: without what the provider took and nobody has paid yet, which its `cost` counts. */
export function spentOf({ money, attention }: Pick<Job, 'money' | 'attention'>) {
  const of = (amount: string) => parseMoney(amount) ?? noMoney;
  const unpaid = attention.reduce((sum, each) => sum + of(each.unpaid), 0n);
  const spent = of(money.cost) - unpaid;
  return {
    spent: formatMoney((spent > 0n ? spent : noMoney) as Money),
    unpaid: formatMoney(unpaid as Money),
  };
}

function etaText({ eta_seconds }: Job): string {
  return eta_seconds === null ? '' : `, about ${durationText(eta_seconds)} left`;
}
