import type { Hold } from '@rollcall/contract';
import { html } from './html.ts';
import { cells, page, section } from './page.ts';

/** What waits for a person, the oldest first, each with a way to its chunk's page. */
export function holdsPage(
  holds: readonly Hold[],
  more: boolean,
  chunkPath: (id: string) => string,
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
      `${hold.money_at_risk} ${hold.currency}`,
    ),
  );
  const columns = ['since', 'chunk', 'account', 'check', 'numbers', 'held for', 'met', 'in doubt'];
  return page(
    'Held chunks',
    html`<h1>Chunks that wait for a person</h1>
${rows.length === 0 ? html`<p>Nothing is held.</p>` : section('The oldest first', columns, rows)}
${more ? html`<p>There are more: <code>GET /v1/holds</code> pages through them.</p>` : html``}`,
  );
}
