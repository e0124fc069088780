import { type Hold, heldMoneyText } from '@rollcall/contract';
import { html } from './html.ts';
import { cells, page, section } from './page.ts';

/** What waits for a person, the oldest first, each with a way to its chunk's page. */
export function holdsPage(
  holds: readonly Hold[],
  more: boolean,
  chunkPath: (id: string) => string,
  { board, jobId }: { readonly board: string; readonly jobId: string | null },
): string {
  const rows = holds.map((hold) =>
    cells(
      hold.held_since,
      html`<a href="${chunkPath(hold.chunk_id)}"><code>${hold.chunk_id}</code></a>`,
      hold.account,
      hold.check,
      hold.numbers.toLocaleString('en'),
      hold.reason,
      hold.detail,
      heldMoneyText(hold),
    ),
  );
  const columns = ['since', 'chunk', 'account', 'check', 'numbers', 'held for', 'met', 'money'];
  return page(
    'Held chunks',
    html`<h1>Chunks${jobId === null ? '' : ` of ${jobId}`} that wait for a person</h1>
${
  rows.length === 0
    ? html`<p>Nothing is held. An upload whose answer was lost, or whose result cannot be trusted, stands here until a person decides what becomes of it: with what it may
have cost, and the lines to type.</p>`
    : section('The oldest first', columns, rows)
}
${more ? html`<p>There are more: <code>GET /v1/holds</code> pages through them.</p>` : html``}
<p><a href="${board}">Back to the queues</a> · <a href="/docs">API reference</a> · <code>GET /v1/holds</code></p>`,
  );
}
