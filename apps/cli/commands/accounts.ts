import { accountListSchema, accountSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { flag } from '../flags.ts';
import { counted, plainText, timeText } from '../plain-text.ts';
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
  for (const [verb, does] of [
    ['pause', 'Sends nothing more to an account until it is resumed.'],
    ['resume', 'Sends to an account again: after a pause, a refused key, or an open breaker.'],
  ] as const) {
    accounts
      .command(verb)
      .summary(`${verb} one`)
      .description(does)
      .argument('<id>', 'an account', flag.account)
      .option('--reason <why>', 'why, for whoever asks later')
      .action(
        run(
          async ({ api, output, signal }, id: string, { reason }: { readonly reason?: string }) => {
            const { value, raw } = await api.ask(
              accountSchema,
              'POST',
              `/v1/accounts/${id}/${verb}`,
              {
                body: JSON.stringify({ reason }),
                signal,
              },
            );
            if (output.json) await output.value(raw);
            else {
              await output.line(`${value.id} is ${value.state}.`);
              if (verb === 'resume' && value.advice !== null) output.note(plainText(value.advice));
            }
            return 'done';
          },
        ),
      );
  }
  accounts
    .command('confirm')
    .summary('say that its result files mean what the accounts file says')
    .description(
      'Says that somebody has looked at a result file of the account (rollcall holds artifact) and that its rows mean what the accounts file ' +
        'says. It cannot be taken back. What is held for this alone stays held until it is replayed.',
    )
    .argument('<id>', 'an account', flag.account)
    .requiredOption('--reason <why>', 'what was looked at and seen, for whoever asks later')
    .action(
      run(async ({ api, output, signal }, id: string, { reason }: { readonly reason: string }) => {
        const path = `/v1/accounts/${id}/confirm-semantics`;
        const body = JSON.stringify({ reason });
        const { value, raw } = await api.ask(accountSchema, 'POST', path, { body, signal });
        if (output.json) await output.value(raw);
        else {
          await output.line(`${value.id} is confirmed.`);
          output.note(
            `What was held for this (rollcall holds --account ${value.id}) is read by \`rollcall holds resolve ID --decision replay --reason WHY\`.`,
          );
        }
        return 'done';
      }),
    );
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
  const { paused, balance, uploads, chunks, money, currency, last_error: error, breaker } = account;
  return [
    `account   ${account.id} (${account.adapter}): ${account.checks.join(', ')}`,
    `state     ${account.state}`,
    ...(account.advice === null ? [] : [`advice    ${account.advice}`]),
    ...(paused === null
      ? []
      : [
          `paused    ${paused.reason} since ${timeText(paused.since)}${paused.note === null ? '' : `: ${paused.note}`}`,
          `          ${stepText(resumeStepOf(account.id, paused.reason))}`,
        ]),
    `balance   ${balance === null ? 'not known' : `${balance.amount} ${currency} at ${timeText(balance.at)}`}`,
    `uploads   ${uploads.in_flight} of ${uploads.at_once_max} at once`,
    `chunks    ${Object.entries(chunks)
      .map(([state, count]) => `${state} ${count}`)
      .join(', ')}`,
    `money     ${money.committed_today} ${currency} today, ${money.committed_this_month} this month; ${money.reserved} reserved, ${money.at_risk} at risk${capsText(money)}`,
    ...topUpLines(account),
    breakerText(breaker),
    ...(breaker.unknown_recent === 0 || chunks.held === 0
      ? []
      : [`          → rollcall holds --account ${account.id}`]),
    ...semanticsLines(account),
    ...(error === null
      ? []
      : [
          `last error ${timeText(error.at)} ${error.operation} ${error.verdict} (${error.http_status ?? error.transport_error ?? 'no answer'})`,
        ]),
  ].map(plainText);
}

function capsText({ daily_cap: daily, monthly_cap: monthly }: Account['money']): string {
  const caps = [
    ...(daily === null ? [] : [`${daily} a day`]),
    ...(monthly === null ? [] : [`${monthly} a month`]),
  ];
  return caps.length === 0 ? '' : `; at most ${caps.join(' and ')}`;
}

function topUpLines({ top_up: topUp, currency }: Account): string[] {
  if (topUp === null) return [];
  const { needed, waits, uploads } = topUp;
  return [
    `top-up    ${needed} ${currency}: ${counted(uploads, 'upload')} for ${waits} ${uploads === 1 ? 'waits' : 'wait'} for the provider's money`,
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
      `          → rollcall holds --account ${id}, then rollcall accounts confirm ${id} --reason WHY`,
    ];
  }
  return by === null
    ? []
    : [`results   confirmed at ${timeText(by.at)}${by.note === null ? '' : ` by ${by.note}`}`];
}
