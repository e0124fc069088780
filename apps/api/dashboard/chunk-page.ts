import type { WholeChunk, WholeHold } from '@rollcall/contract';
import { Html, html } from './html.ts';

/** What a person at night wants to know of a chunk: what it is, what happened, what it costs, and what to type now. */
export function chunkPage(chunk: WholeChunk, hold: WholeHold | null): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Chunk ${chunk.number}: ${chunk.state}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #111827; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e5e7eb; }
  th { font-weight: 600; white-space: nowrap; } code, pre { font: 13px/1.5 ui-monospace, monospace; }
  pre { background: #f3f4f6; padding: .8rem; overflow: auto; } .held, .blocked, .rejected, .failed { color: #b91c1c; }
</style>
</head>
<body>
<h1>Chunk ${chunk.number}, to ${chunk.account}: <span class="${chunk.state}">${chunk.state}${why(chunk)}</span></h1>
<table>
<tr><th>Chunk</th><td><code>${chunk.id}</code></td></tr>
<tr><th>Job</th><td><code>${chunk.job_id}</code></td></tr>
<tr><th>Numbers</th><td>${chunk.numbers}</td></tr>
<tr><th>Task at the provider</th><td><code>${chunk.task_id}</code></td></tr>
<tr><th>Said last</th><td>${said(chunk)}</td></tr>
<tr><th>Changed, looked at next</th><td>${chunk.changed_at}, ${chunk.next_at}</td></tr>
</table>
${hold === null ? html`` : whatToDo(hold)}
<h2>Uploads</h2>
<table>
<tr><th>#</th><th>outcome</th><th>why</th><th>money</th><th>started</th><th>settled</th><th>task</th></tr>
${chunk.attempts.map((attempt) => html`<tr><td>${attempt.number}</td><td>${attempt.outcome}</td><td>${attempt.reason}</td><td>${attempt.amount} ${attempt.currency} ${attempt.money}</td><td>${attempt.started_at}</td><td>${attempt.settled_at}</td><td><code>${attempt.task_id}</code></td></tr>`)}
</table>
${hold === null ? html`` : evidence(hold)}
<h2>Decisions</h2>
<table>
${chunk.decisions.map((each) => html`<tr><td>${each.at}</td><td>${each.decision}</td><td>${each.decided_by}</td><td>${each.reason}</td></tr>`)}
</table>
<h2>The last polls</h2>
<table>
${chunk.recent_polls.map((poll) => html`<tr><td>${poll.at}</td><td>${poll.answer}</td><td>${poll.word}</td><td>${poll.determined} of ${poll.total}</td></tr>`)}
</table>
<p><a href="/docs">The API’s reference</a> · <code>GET ${chunk.links.self}</code></p>
</body>
</html>
`;
  return page.text;
}

function why({ reason, detail }: WholeChunk): string {
  const words = [reason, detail].filter((word) => word !== null);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function said({ provider, polls }: WholeChunk): string | null {
  if (provider === null) return null;
  return `${provider.word}, ${provider.determined ?? '?'} of ${provider.total ?? '?'}, after ${polls} polls`;
}

const fields: Readonly<Record<string, string>> = {
  adopt: ',"task_id":"…"',
  pay_again: ',"cost_ceiling":"…"',
};

function whatToDo(hold: WholeHold): Html {
  const lines = hold.allowed.map(
    (decision) =>
      html`curl -sS "$ROLLCALL_URL/v1/holds/${hold.chunk_id}/resolve" -H "Authorization: Bearer $ROLLCALL_KEY" --json '{"decision":"${decision}"${new Html(fields[decision] ?? '')},"reason":"…"}'
`,
  );
  return html`<h2>It waits for a person: ${hold.money_at_risk} ${hold.currency} in doubt</h2>
<p>Ask the provider’s support whether it took the upload (time and count are below), then decide. A key with <code>holds:resolve</code> may;
<code>pay_again</code> needs <code>approvals:write</code> too.</p>
<pre>${lines}</pre>`;
}

function evidence(hold: WholeHold): Html {
  return html`<h2>What the provider answered</h2>
<table>
<tr><th>at</th><th>call</th><th>taken for</th><th>HTTP</th><th>answer</th></tr>
${hold.evidence.map((each) => html`<tr><td>${each.started_at}, ${each.duration_ms} ms</td><td>${each.operation}${each.headers_sent ? '' : ' (nothing sent)'}</td><td>${each.verdict}</td><td>${each.http_status ?? each.transport_error}</td><td><code>${each.body_excerpt}</code></td></tr>`)}
</table>`;
}
