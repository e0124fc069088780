import { Html, html } from './html.ts';

/** What is between `<style>` and `</style>`, byte for byte: the policy of these pages names its SHA-256. */
export const style = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #111827; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #e5e7eb; white-space: nowrap; }
  td code { white-space: pre-wrap; } a code { white-space: nowrap; }
  code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { background: #f3f4f6; padding: .6rem .8rem; white-space: pre-wrap; margin: .2rem 0 1rem; }
  label { font-weight: 600; } input, button { font: inherit; padding: .3rem .5rem; }
  .held, .blocked, .rejected, .failed { color: #b91c1c; }
`;

/** A page of ours beside the board: no script, nothing from elsewhere. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${content}
</body>
</html>
`.text;
}

/** A table with a heading; nothing where there are no rows. */
export function section(heading: string, columns: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html``;
  return html`<h2>${heading}</h2>
<table>
<tr>${columns.map((column) => html`<th>${column}</th>`)}</tr>
${rows}
</table>`;
}

/** A row of a table. */
export function cells(...values: readonly (string | number | null | Html)[]): Html {
  return html`<tr>${values.map((value) => html`<td>${value}</td>`)}</tr>
`;
}
