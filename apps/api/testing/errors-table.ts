import { errorCatalogue } from '../errors.ts';

/** The catalogue as docs/errors.md has to show it. */
export function errorsTable(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, title, advice }]) => `| \`${code}\` | ${status} | ${title} | ${advice} |`,
  );
  return ['| code | status | title | what to do |', '|---|---|---|---|', ...rows].join('\n');
}
