import type { Schema } from './example-of.ts';

export interface Parameter {
  readonly in: string;
  readonly required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

/**
 * Moves the example of a parameter that may be left out from its schema into its description: the page at /docs fills in every
 * `example` that it finds, and would send a cursor, a filter or a Last-Event-ID that nobody meant.
 */
export function sayExampleInWords(
  parameter: Parameter,
  named: Readonly<Record<string, Schema>>,
): void {
  const { $ref, ...own } = parameter.schema ?? {};
  const target = named[$ref?.replace('#/components/schemas/', '') ?? ''];
  // A reference is replaced by what it leads to where an example is, since that would be filled in as well.
  const kept = $ref === undefined ? own : { ...own, $ref };
  const { examples, ...schema }: Schema = target?.examples ? { ...target, ...own } : kept;
  const [example] = examples ?? [];
  const words = [
    parameter.description ?? schema.description ?? target?.description,
    example === undefined ? undefined : `For example \`${wordsOf(example)}\`.`,
  ].filter((each) => each !== undefined);
  parameter.schema = schema;
  delete parameter.example;
  if (words.length > 0) parameter.description = words.join(' ');
}

/** Several values stand in a query string as one, joined by commas. */
function wordsOf(example: unknown): string {
  return typeof example === 'string'
    ? example
    : [example]
        .flat()
        .map((each) => JSON.stringify(each).replaceAll('"', ''))
        .join(',');
}
