import { html } from './html.ts';
import { page } from './page.ts';

/** Asks for a key. `next`: where to go then, a path of the dashboard. */
export function signInPage(form: {
  readonly action: string;
  readonly token: string;
  readonly next: string;
  readonly problem: string | null;
}): string {
  return page(
    'Sign in',
    html`<h1>Sign in to the dashboard</h1>
${form.problem === null ? html`` : html`<p class="failed" role="alert">${form.problem}</p>`}
<form method="post" action="${form.action}">
<input type="hidden" name="token" value="${form.token}"><input type="hidden" name="next" value="${form.next}">
<p><label for="key">API key of scope <code>admin</code></label><br>
<input type="password" id="key" name="key" size="60" maxlength="200" required autofocus autocomplete="off" spellcheck="false"></p>
<p><button type="submit">Sign in</button></p>
</form>
<p>The key is sent once, and the browser keeps a session in its place. That ends half an hour after its last page was left, after twelve hours, and with its key.</p>`,
  );
}
