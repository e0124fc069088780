import { bodyExamples } from './body-examples.ts';

/** What of a JSON Schema (2020-12) an example is made from. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
}

/** What a text is whose author gave no example. */
export const plainText = 'text';

/**
 * A value that fits a schema: a whole body that we wrote, else what the author of a field gave as its example, else the plainest
 * value of its type. So each body of the API has an example, and the linter holds every one against its schema.
 */
export function exampleOf(schema: Schema, named: Readonly<Record<string, Schema>>): unknown {
  if (schema.examples?.length) return schema.examples[0];
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    if (Object.hasOwn(bodyExamples, name)) return bodyExamples[name];
    const target = named[name];
    if (!target) throw new Error(`${schema.$ref} leads nowhere`);
    return exampleOf(target, named);
  }
  if ('const' in schema) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  const variant = (schema.anyOf ?? schema.oneOf)?.[0];
  if (variant) return exampleOf(variant, named);
  const type = [schema.type].flat().find((each) => each !== 'null');
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, each]) => [
          name,
          exampleOf(each, named),
        ]),
      );
    case 'array':
      return schema.items ? [exampleOf(schema.items, named)] : [];
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0);
    case 'boolean':
      return true;
    case 'string':
      return schema.format === 'date-time' ? '2024-08-01T09:30:00.000Z' : plainText;
    default:
      return null;
  }
}
