import {
  type HeldDecision,
  type Hold,
  heldMoneyText,
  type holdPageSchema,
  type WholeHold,
} from '@rollcall/contract';
import { semanticsUnconfirmed } from '@rollcall/domain';
import { counted, grouped, plainText, timeText } from './plain-text.ts';

type HoldTotals = ReturnType<typeof holdPageSchema.parse>['totals'];

/** A hold with all that is known of it, the newest last, and what may be decided. */
export function describeHold(hold: WholeHold): string[] {
  const detail = hold.detail === null ? '' : ` (${hold.detail})`;
  return [
    `chunk     ${hold.chunk_id} of ${hold.job_id}`,
    `check     ${hold.check} at ${hold.account}, ${counted(hold.numbers, 'number')}`,
    `held      ${hold.reason}${detail} since ${heldTimes(hold, ', again since ')}`,
    `attempt   ${hold.attempt_id} ${hold.attempt_outcome}${hold.task_id === null ? '' : `, task ${hold.task_id}`}`,
    `money     ${heldMoneyText(hold)}`,
    ...describeUpload(hold.upload),
    ...whatToAsk(hold),
    'evidence',
    ...hold.evidence.map((each) => {
      const answer =
        each.http_status === null
          ? (each.transport_error ?? 'no answer')
          : String(each.http_status);
      const sent = each.headers_sent ? '' : ', nothing was sent';
      const said = each.body_excerpt === null ? '' : `: ${each.body_excerpt}`;
      return `  ${timeText(each.started_at)}  ${each.operation} ${each.verdict} (${answer}, ${each.duration_ms} ms${sent})${said}`;
    }),
    ...hold.decisions.map(decisionLine),
    ...(hold.detail === semanticsUnconfirmed
      ? [
          'nobody has said yet what result files of the account mean',
          `  rollcall holds artifact ${hold.chunk_id} --out artifact.bin`,
          `  rollcall accounts confirm ${hold.account} --reason '…', then replay it`,
        ]
      : []),
    'may be decided',
    ...hold.allowed.flatMap((decision) => [
      `  ${decision}: ${meaningOf(decision, hold)}`,
      `    rollcall holds resolve ${hold.chunk_id} --attempt ${hold.attempt_id} --decision ${decision} --reason '…'${needsOf(decision, hold)}`,
    ]),
  ].map(plainText);
}

/** One line of what a person decided. */
export function decisionLine({ at, decision, decided_by, reason }: HeldDecision): string {
  return `decided   ${timeText(at)}  ${decision} by ${decided_by}: ${reason}`;
}

/** What many come to, by currency. */
export function heldTotals({
  money_at_risk: doubted,
  money_paid: paid,
}: Pick<HoldTotals, 'money_at_risk' | 'money_paid'>): string {
  const text = (sums: typeof doubted) =>
    sums.map(({ amount, currency }) => `${amount} ${currency}`).join(', ') || 'nothing';
  return `in doubt: ${text(doubted)}${paid.length === 0 ? '' : `, paid: ${text(paid)}`}`;
}

/** Since when it waits, and since when it does once more after a decision that did not end it. */
export function heldTimes(
  { held_since, held_again_at }: Pick<Hold, 'held_since' | 'held_again_at'>,
  again: string,
): string {
  return timeText(held_since) + (held_again_at === null ? '' : again + timeText(held_again_at));
}

/** The question to the provider's support, in what its side can look up. */
function whatToAsk({ reason, numbers, task_id, upload }: WholeHold): string[] {
  const of = counted(numbers, 'number');
  const began = timeText(upload.started_at ?? upload.intended_at);
  const ended = upload.settled_at === null ? began : timeText(upload.settled_at);
  switch (reason) {
    case 'unknown':
      return [
        `ask       the provider's support: was a task of ${of} made ${ended === began ? 'at' : 'between'} ${began}${ended === began ? '' : ` and ${ended}`}? Which id has it, and was it charged?`,
      ];
    case 'upstream_failed':
      return [
        `ask       the provider's support: task ${task_id} of ${of}, made at ${began}, failed. Was it charged, and is the money given back?`,
      ];
    case 'poll':
      return [
        `ask       the provider's support: what became of task ${task_id} of ${of}, made at ${began}?`,
      ];
    case 'artifact':
      return [];
  }
}

/** What left and what the account had, as far as it is known: what to tell the provider's support. */
function describeUpload(upload: WholeHold['upload']): string[] {
  const { headers_sent, body_bytes, body_bytes_sent, balance_before, balance_after } = upload;
  const body =
    body_bytes === null || body_bytes_sent === null
      ? ''
      : `, ${grouped(body_bytes_sent)} of ${grouped(body_bytes)} bytes were taken from us`;
  const began =
    upload.started_at === null
      ? 'nobody knows what was sent: its worker died'
      : `sent from ${timeText(upload.started_at)}${headers_sent === false ? ', nothing was sent' : body}`;
  const balance = (said: typeof balance_before) =>
    said === null ? 'not told' : `${said.amount} at ${timeText(said.at)}`;
  return [
    `upload    intended ${timeText(upload.intended_at)}, ${began}`,
    `balance   before: ${balance(balance_before)}, after: ${balance(balance_after)} (a hint: other uploads count too)`,
  ];
}

type Decision = WholeHold['allowed'][number];

/** An upload that was accepted has its task: no other can be adopted. */
function needsOf(decision: Decision, hold: WholeHold): string {
  const { attempt_outcome, task_id, money_at_risk } = hold;
  if (decision === 'adopt') {
    return ` --task-id ${attempt_outcome === 'accepted' && task_id !== null ? task_id : "'…'"}`;
  }
  return decision === 'pay_again' ? ` --cost-ceiling ${money_at_risk}` : '';
}

function meaningOf(decision: Decision, hold: WholeHold): string {
  const isUnknown = hold.attempt_outcome === 'unknown';
  switch (decision) {
    case 'adopt':
      return "the provider's support named the task that it became; that one is compared, then polled, and nothing is paid twice";
    case 'pay_again':
      return `sent once more, which costs ${hold.money_at_risk} ${hold.currency} at the price that it was sent for; the earlier money is written off unless --not-charged`;
    case 'keep_polling':
      return hold.reason === 'artifact'
        ? 'the file is fetched anew, which costs nothing; this one is kept'
        : 'the task is believed to be alive; it is asked for further';
    case 'replay':
      return 'reads the kept file again; nothing is sent';
    case 'give_up':
      return `its numbers end as failed; ${isUnknown ? 'the money in doubt stays at risk' : 'what was paid stays paid'}`;
  }
}
