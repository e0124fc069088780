/** HTML that is known to be safe: made by `html` alone. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | null | Html | readonly Html[];

/** A template whose values are escaped, save those that are HTML already. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  const parts = strings.map(
    (text, index) => text + (index < values.length ? textOf(values[index] ?? null) : ''),
  );
  return new Html(parts.join(''));
}

function textOf(value: Part): string {
  if (value === null) return '–';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
