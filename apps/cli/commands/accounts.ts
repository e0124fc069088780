import { accountListSchema, accountSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { flag } from '../flags.ts';
import { counted, plainText, timeText } from '../plain-text.ts';
import type { Context } from '../context.ts';
import type { Run } from '../program.ts';
import { resumeStepOf, stepText } from '../stuck.ts';

type Account = ReturnType<typeof accountSchema.parse>;

export function accountsCommand(accounts: Command, run: Run): void {
  accounts
    .description('Lists the accounts at providers and how they are; with an id: one of them.')
    .argument('[id]', 'an account', flag.account)
    .action(
      run(async ({ api, output, signal }, id: string | undefined) => {
        if (id !== undefined) {
          const { value, raw } = await api.ask(accountSchema, 'GET', `/v1/accounts/${id}`, {
            signal,
          });
          if (output.json) await output.value(raw);
          else for (const line of describeAccount(value)) await output.line(line);
          return 'done';
        }
        const { value, raw } = await api.ask(accountListSchema, 'GET', '/v1/accounts', { signal });
        if (output.json) await output.value(raw);
        else
          await output.table([accountHeadings, ...value.data.map(accountRow)], {
            lessImportant: ['ready', 'polling', 'reserved', 'in flight', 'checks', 'balance'],
          });
        return 'done';
      }),
    );
  accounts
    .command('pause')
    .summary('pause one')
    .description('Sends nothing more to an account until it is resumed.')
    .argument('<id>', 'an account', flag.account)
    .option('--reason <why>', 'why, for whoever asks later', flag.filledIn)
    .action(
      run(async (context, id: string, { reason }: { readonly reason?: string }) => {
        const { before, after } = await change(context, id, 'pause', reason);
        await say(context, after, before.value.paused !== null ? 'was paused already' : null);
        return 'done';
      }),
    );
  accounts
    .command('resume')
    .summary('resume one')
    .description(
      'Sends to an account again: after a pause, a refused key, or an open breaker. What waits for a cap or for money at the provider is looked at again at once.',
    )
    .argument('<id>', 'an account', flag.account)
    .requiredOption('--reason <why>', 'why, for whoever asks later', flag.filledIn)
    .action(
      run(async (context, id: string, { reason }: { readonly reason: string }) => {
        const { before, after } = await change(context, id, 'resume', reason);
        const isSame = before.value.last_resumed?.at === after.value.last_resumed?.at;
        await say(context, after, isSame ? 'was not stopped' : null);
        return 'done';
      }),
    );
  accounts
    .command('confirm')
    .summary('say that its result files mean what the accounts file says')
    .description(
      'Says that somebody has looked at a result file of the account (rollcall holds artifact) and that its rows mean what the accounts file ' +
        'says. It cannot be taken back. What is held for this alone stays held until it is replayed.',
    )
    .argument('<id>', 'an account', flag.account)
    .requiredOption(
      '--reason <why>',
      'what was looked at and seen, for whoever asks later',
      flag.filledIn,
    )
    .action(
      run(async ({ api, output, signal }, id: string, { reason }: { readonly reason: string }) => {
        const path = `/v1/accounts/${id}/confirm-semantics`;
        const body = JSON.stringify({ reason });
        const { value, raw } = await api.ask(accountSchema, 'POST', path, { body, signal });
        if (output.json) await output.value(raw);
        else {
          await output.line(`${value.id} is confirmed.`);
          output.note(
            `What was held for this (rollcall holds --account ${value.id}) is read by \`rollcall holds resolve ID --decision replay --reason '…'\`.`,
          );
        }
        return 'done';
      }),
    );
}

/** Pauses or resumes an account, with how it was before: the API's answer is the same where nothing had to be changed. */
async function change(
  { api, signal }: Context,
  id: string,
  verb: 'pause' | 'resume',
  reason: string | undefined,
) {
  const path = `/v1/accounts/${id}`;
  const before = await api.ask(accountSchema, 'GET', path, { signal });
  const body = JSON.stringify({ reason });
  const after = await api.ask(accountSchema, 'POST', `${path}/${verb}`, { body, signal });
  return { before, after };
}

/** `unchanged`: how it was already, where nothing was written down. */
async function say(
  { output }: Context,
  { value, raw }: { readonly value: Account; readonly raw: unknown },
  unchanged: string | null,
): Promise<void> {
  if (output.json) return output.value(raw);
  await output.line(
    unchanged === null
      ? `${value.id} is ${value.state}.`
      : `${value.id} ${unchanged} and is ${value.state}; nothing was written down.`,
  );
  if (value.paused === null && value.advice !== null) output.note(plainText(value.advice));
}

const accountHeadings = [
  'id',
  'state',
  'in flight',
  'ready',
  'polling',
  'held',
  'blocked',
  'reserved',
  'at risk',
  'today',
  'balance',
  'checks',
];

function accountRow({
  id,
  state,
  uploads,
  chunks,
  money,
  balance,
  currency,
  checks,
}: Account): string[] {
  return [
    id,
    state,
    `${uploads.in_flight}/${uploads.at_once_max}`,
    String(chunks.ready),
    String(chunks.polling),
    String(chunks.held),
    String(chunks.blocked),
    money.reserved,
    money.at_risk,
    `${money.committed_today} ${currency}`,
    balance === null ? '-' : balance.amount,
    checks.join(','),
  ];
}

function describeAccount(account: Account): string[] {
  const { paused, uploads, chunks, money, currency, last_error: error, breaker } = account;
  return [
    `account   ${account.id} (${account.adapter}): ${account.checks.join(', ')}`,
    `state     ${account.state}`,
    ...(account.advice === null ? [] : [`advice    ${account.advice}`]),
    ...(paused === null
      ? []
      : [
          `paused    ${paused.reason} since ${timeText(paused.since)}${paused.note === null ? '' : `: ${paused.note}`}`,
          `          ${stepText(resumeStepOf(account, paused.reason))}`,
        ]),
    `balance   ${balanceText(account)}`,
    `uploads   ${uploads.in_flight} of ${uploads.at_once_max} at once`,
    `chunks    ${Object.entries(chunks)
      .map(([state, count]) => `${state} ${count}`)
      .join(', ')}`,
    `money     ${currency}: ${money.committed_today} committed today, ${money.committed_this_month} this month; ${money.written_off} written off, ${money.reserved} reserved, ${money.at_risk} at risk`,
    ...capLines(money),
    ...topUpLines(account),
    breakerText(breaker),
    ...breakerStep(account),
    ...resumedLines(account),
    ...semanticsLines(account),
    ...(error === null
      ? []
      : [
          `last error ${timeText(error.at)} ${error.operation} ${error.verdict} (${error.http_status ?? error.transport_error ?? 'no answer'})`,
        ]),
  ].map(plainText);
}

/** What counts against a cap is more than what was committed: written-off money and uploads in doubt count too, of every tenant. */
function capLines(money: Account['money']): string[] {
  return [
    capLine('daily', money.counted_today, money.daily_cap, money.daily_cap_left),
    capLine('monthly', money.counted_this_month, money.monthly_cap, money.monthly_cap_left),
  ].flat();
}

function capLine(
  name: string,
  used: string | null,
  cap: string | null,
  left: string | null,
): string[] {
  if (cap === null) return [];
  return [`cap       ${used ?? '0'} counts against the ${name} cap of ${cap}: ${left ?? '0'} left`];
}

/** A balance that was told before the provider refused for money is not what is there now. */
function balanceText({ balance, currency, top_up: topUp }: Account): string {
  if (balance === null) return 'not known';
  const text = `${balance.amount} ${currency} at ${timeText(balance.at)}`;
  const isOutdated = topUp !== null && Date.parse(balance.at) < Date.parse(topUp.since);
  return isOutdated ? `before the refusal: ${text}` : text;
}

function breakerStep(account: Account): string[] {
  const { breaker, chunks, id, paused } = account;
  if (chunks.held > 0 && (breaker.unknown_recent > 0 || breaker.state !== 'closed')) {
    return [`          → rollcall holds --account ${id}`];
  }
  if (paused !== null || (breaker.state !== 'open' && breaker.state !== 'half_open')) return [];
  return [`          nothing of it is held ${stepText(resumeStepOf(account, 'breaker'))}`];
}

function resumedLines({ last_resumed: last }: Account): string[] {
  if (last === null) return [];
  return [`resumed   at ${timeText(last.at)}${last.note === null ? '' : ` by ${last.note}`}`];
}

function topUpLines({ id, top_up: topUp, currency }: Account): string[] {
  if (topUp === null) return [];
  const { needed, waits, uploads, tasks } = topUp;
  return [
    `top-up    ${needed} ${currency}: ${counted(uploads, 'upload')} for ${waits} ${uploads === 1 ? 'waits' : 'wait'} for the provider's money${tasks === 0 ? '' : `, of them ${counted(tasks, 'task')} that it took and does not begin unpaid`}`,
    ...(uploads === tasks
      ? []
      : [
          `          paid in, it is asked within two minutes; at once → rollcall accounts resume ${id} --reason '…'`,
        ]),
  ];
}

function breakerText(breaker: Account['breaker']): string {
  const {
    state,
    why,
    since,
    resets_at: until,
    unknown_recent: recent,
    last_closed: last,
  } = breaker;
  const parts = [
    `${state === 'half_open' ? 'half-open' : state}, ${recent} unknown lately`,
    ...(why === null ? [] : [`opened for ${why}`]),
    ...(since === null ? [] : [`since ${timeText(since)}`]),
    ...(until === null ? [] : [`until ${timeText(until)}`]),
    ...(last?.note ? [`last closed at ${timeText(last.at)} by ${last.note}`] : []),
  ];
  return `breaker   ${parts.join(', ')}`;
}

function semanticsLines({
  id,
  semantics_confirmed: confirmed,
  semantics_confirmation: by,
}: Account): string[] {
  if (!confirmed) {
    return [
      'results   are held until somebody has looked at the first file and said what it means',
      `          → rollcall holds --account ${id}, then rollcall accounts confirm ${id} --reason '…'`,
    ];
  }
  return by === null
    ? []
    : [`results   confirmed at ${timeText(by.at)}${by.note === null ? '' : ` by ${by.note}`}`];
}
