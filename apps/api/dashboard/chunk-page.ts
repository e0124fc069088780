import { heldMoneyText, type WholeChunk, type WholeHold } from '@rollcall/contract';
import { semanticsUnconfirmed } from '@rollcall/domain';
import { scrub } from '@rollcall/telemetry';
import { type Html, html } from './html.ts';
import { cells, page, section } from './page.ts';

/** Where its neighbours are. */
interface PagePaths {
  readonly board: string;
  readonly holds: string;
}

/** What a person at night wants to know of a chunk: what it is, what happened, what it costs, and what to type now. */
export function chunkPage(chunk: WholeChunk, hold: WholeHold | null, paths: PagePaths): string {
  const code = (text: string | null) => html`<code>${text}</code>`;
  const content = html`<h1>Chunk ${chunk.number}, to ${chunk.account}: <span class="${chunk.state}">${chunk.state}${why(chunk)}</span></h1>
<table>
${cells('Chunk', code(chunk.id))}
${cells('Job', html`<a href="${paths.holds}?job=${chunk.job_id}" title="What of this job is held">${code(chunk.job_id)}</a>`)}
${cells('Numbers', chunk.numbers.toLocaleString('en'))}
${cells('Task at the provider', code(chunk.task_id))}
${cells('The provider said last', said(chunk))}
${cells('State since', chunk.changed_at)}
${cells('Looked at next', chunk.next_at)}
</table>
${hold === null ? html`` : whatToDo(hold)}
${section(
  'Uploads',
  ['#', 'outcome', 'why', 'money', 'started', 'settled', 'task'],
  chunk.attempts.map((each) =>
    cells(
      each.number,
      each.outcome,
      each.reason,
      `${each.amount} ${each.currency} ${each.paid_twice ? `paid twice: the provider took it as ${each.named_task_id ?? each.task_id}` : moneyWords[each.money]}`,
      each.started_at,
      each.settled_at,
      html`${code(each.task_id)}${ownAnswer(each)}`,
    ),
  ),
)}
${section(
  'What the provider answered',
  ['at', 'took', 'call', 'taken for', 'HTTP', 'answer'],
  (hold?.evidence ?? []).map((each) =>
    cells(
      each.started_at,
      `${each.duration_ms} ms`,
      each.headers_sent ? each.operation : `${each.operation}, nothing sent`,
      each.verdict,
      each.http_status ?? each.transport_error,
      code(each.body_excerpt),
    ),
  ),
)}
${section(
  'Decisions',
  ['at', 'decision', 'by', 'why'],
  // People's own words, in which they may have written a number.
  chunk.decisions.map((each) =>
    cells(each.at, each.decision, scrub(each.decided_by), scrub(each.reason)),
  ),
)}
${section(
  'The last polls',
  ['at', 'answer', 'word', 'through', 'of'],
  chunk.recent_polls.map((each) =>
    cells(each.at, each.answer, each.word, each.determined, each.total),
  ),
)}
<p><a href="${paths.board}">Back to the queues</a> · <a href="${paths.holds}">All that is held</a> · <a href="/docs">API reference</a> · <code>GET ${chunk.links.self}</code></p>`;
  return page(`Chunk ${chunk.number}: ${chunk.state}`, content);
}

const moneyWords: Readonly<Record<WholeChunk['attempts'][number]['money'], string>> = {
  reserved: 'reserved: its outcome is not known yet',
  committed: 'spent: the provider took it',
  released: 'not spent',
  at_risk: 'given up: it may have been charged',
  written_off: 'written off: it was paid again',
};

/** What an answer named that is not the attempt's task: where that was paid twice, the money says so. */
function ownAnswer({ named_task_id, paid_twice }: WholeChunk['attempts'][number]): string {
  return named_task_id === null || paid_twice ? '' : `; its own answer named ${named_task_id}`;
}

function why({ reason, detail }: WholeChunk): string {
  const words = [reason, detail].filter((word) => word !== null);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function said({ provider, polls }: WholeChunk): string | null {
  if (provider === null) return null;
  return `${provider.word}, ${provider.determined ?? '?'} of ${provider.total ?? '?'}, after ${polls} polls`;
}

type Decision = WholeHold['allowed'][number];

const meanings: Readonly<Record<Decision, string>> = {
  adopt:
    'The provider’s support names the task that this upload became. Nothing is paid; a worker compares its size and time first.',
  pay_again:
    'Support says surely that there is no such task: send it once more, up to a ceiling. Needs approvals:write too.',
  keep_polling: 'The task is alive: ask for it until a new deadline.',
  replay:
    'The file is kept, or can be fetched: read it again, e.g. after its meaning was confirmed.',
  give_up:
    'Its numbers end as failed. Its money stays spent, and is lost unless you claim it back from the provider.',
};
/** Where a decision means something else than for other reasons. */
const meaningsFor: Readonly<
  Partial<Record<WholeHold['reason'], Readonly<Partial<Record<Decision, string>>>>>
> = {
  unknown: {
    give_up: 'Its numbers end as failed. Its money is at risk: it may have been charged.',
  },
  upstream_failed: {
    pay_again:
      'The task will give no result: send it once more, up to a ceiling. The money of this upload is written off, unless not_charged says that the provider took none. Needs approvals:write too.',
    keep_polling: 'Support has started the task again: ask for it until a new deadline.',
  },
  poll: { adopt: 'The task is alive: ask for it again. Only the upload’s own task is taken.' },
  artifact: { keep_polling: 'Fetch the file anew, for free. The doubted one is kept.' },
};
const fields: Readonly<Partial<Record<Decision, string>>> = {
  adopt: '"task_id":"…",',
  pay_again: '"cost_ceiling":"…",',
};

function whatToDo(hold: WholeHold): Html {
  const choices = hold.allowed.map(
    (
      decision,
    ) => html`<p><b>${decision}</b>: ${meaningsFor[hold.reason]?.[decision] ?? meanings[decision]}</p>
<pre>curl -sS "$ROLLCALL_URL/v1/holds/${hold.chunk_id}/resolve" -H "Authorization: Bearer $ROLLCALL_KEY" -H 'Content-Type: application/json' -d '{"attempt_id":"${hold.attempt_id}","decision":"${decision}",${fields[decision] ?? ''}"reason":"…"}'</pre>
`,
  );
  return html`<h2>It waits for a person: ${heldMoneyText(hold)}</h2>
${sentAndPaid(hold)}
${
  hold.detail === semanticsUnconfirmed
    ? whoConfirms(hold)
    : html`${whatToAsk(hold)}
<p>Then decide with a key that has <code>holds:resolve</code>:</p>`
}
${choices}`;
}

/** What left, and what the account had before and after: a hint for the person, never a proof. */
function sentAndPaid({ upload, currency }: WholeHold): Html {
  const { body_bytes, body_bytes_sent, balance_before, balance_after } = upload;
  const body =
    body_bytes === null || body_bytes_sent === null
      ? 'nobody knows what was sent'
      : `${body_bytes_sent.toLocaleString('en')} of ${body_bytes.toLocaleString('en')} bytes of its body were taken from us`;
  const balance = (told: typeof balance_before) =>
    told === null ? 'not told' : `${told.amount} ${currency} at ${told.at}`;
  return html`<p>Intended ${upload.intended_at}, begun ${upload.started_at ?? 'unknown'}, settled ${upload.settled_at ?? 'not yet'}: ${upload.headers_sent === false ? 'nothing was sent' : body}.
Balance before: ${balance(balance_before)}; after: ${balance(balance_after)} (a hint: other uploads count too).</p>`;
}

function whatToAsk(hold: WholeHold): Html {
  const numbers = `${hold.numbers.toLocaleString('en')} numbers`;
  const task = html`<code>${hold.task_id}</code>`;
  switch (hold.reason) {
    case 'unknown':
      return html`<p>Ask the provider’s support whether the upload below (its time, ${numbers}) became a task.</p>`;
    case 'upstream_failed':
      return html`<p>The provider took the upload below (${numbers}, task ${task}) and failed: claim the money back.</p>`;
    case 'poll':
      return html`<p>Ask the provider’s support what became of task ${task} (${numbers}).</p>`;
    case 'artifact':
      return html`<p>Look at the kept file of task ${task}, where there is one (it holds numbers and may be anything; needs <code>results:read</code>):</p>
${download(hold)}`;
  }
}

function download({ chunk_id }: WholeHold): Html {
  return html`<pre>curl -sS "$ROLLCALL_URL/v1/holds/${chunk_id}/artifact" -H "Authorization: Bearer $ROLLCALL_KEY" -o artifact.bin</pre>`;
}

function whoConfirms(hold: WholeHold): Html {
  const { account } = hold;
  return html`<p>Nobody has said yet what result files of ${account} mean. Look at this one (it holds numbers; needs <code>results:read</code>):</p>
${download(hold)}
<p>Where its rows mean what the accounts file says, confirm the account once (needs <code>admin</code>), then replay all that is held for this (needs <code>holds:resolve</code>):</p>
<pre>curl -sS "$ROLLCALL_URL/v1/accounts/${account}/confirm-semantics" -H "Authorization: Bearer $ROLLCALL_KEY" -H 'Content-Type: application/json' -d '{"reason":"…"}'</pre>`;
}
