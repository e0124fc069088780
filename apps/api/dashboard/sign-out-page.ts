import { scrub } from '@rollcall/telemetry';
import { html } from './html.ts';
import { page } from './page.ts';

/** Says who is signed in, and ends it. */
export function signOutPage(session: {
  readonly action: string;
  readonly token: string;
  readonly board: string;
  readonly name: string;
  readonly keyId: string;
  readonly endsAt: string;
}): string {
  return page(
    'Sign out',
    html`<h1>Signed in to the dashboard</h1>
<p>With the key <code>${session.keyId}</code> (${scrub(session.name)}), until ${session.endsAt} at the latest.</p>
<form method="post" action="${session.action}"><input type="hidden" name="token" value="${session.token}"><button type="submit">Sign out</button></form>
<p><a href="${session.board}">Back to the queues</a></p>`,
  );
}
