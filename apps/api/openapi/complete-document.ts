import { errorCatalogue } from '../errors.ts';
import { problemOf, refuse } from '../refusal.ts';
import { exampleOf, type Schema } from './example-of.ts';
import { responseHeaders } from './response-headers.ts';
import { tags } from './tags.ts';

interface MediaType {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, unknown>;
}
interface Response {
  content?: Record<string, MediaType>;
  headers?: Record<string, unknown>;
}
interface Operation {
  operationId?: string;
  parameters?: { in: string; schema?: Schema; example?: unknown }[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, Response>;
  security?: readonly unknown[];
}
export interface ApiDocument {
  tags?: unknown;
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    headers?: Record<string, unknown>;
    examples?: Record<string, unknown>;
  };
}

/** Of every problem document that is shown as an example. */
const requestId = '01929d3e-8c00-7a31-9f5c-0242ac120002';

/**
 * Adds to what the routes say what holds for all of them: an example of each body and parameter, the headers of each answer,
 * and one example a code of the catalogue. In order of path, so that the file says the same however routes are registered.
 */
export function completeDocument(document: ApiDocument): ApiDocument {
  const { schemas } = document.components;
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations)) {
      for (const parameter of operation.parameters ?? []) {
        const [example] = parameter.schema?.examples ?? [];
        if (example !== undefined) parameter.example = example;
      }
      const bodies = [
        ...Object.values(operation.requestBody?.content ?? {}),
        ...Object.values(operation.responses).flatMap(({ content }) =>
          Object.values(content ?? {}),
        ),
      ];
      for (const body of bodies) {
        if (body.schema && body.example === undefined && body.examples === undefined) {
          body.example = exampleOf(body.schema, schemas);
        }
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        response.headers = { ...headersOf(operation, status), ...response.headers };
      }
    }
  }
  return {
    ...document,
    tags,
    paths: byName(document.paths),
    components: {
      ...document.components,
      schemas: byName(schemas),
      headers: responseHeaders,
      examples: problemExamples(JSON.stringify(document.paths)),
    },
  };
}

function headersOf(operation: Operation, status: string): Record<string, unknown> {
  const names: (keyof typeof responseHeaders)[] = ['x-request-id'];
  // Whoever is refused before the count sees none of it.
  const isCounted = (operation.security?.length ?? 0) > 0 && status !== '401';
  if (isCounted) names.push('ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset');
  if (status === '401') names.push('www-authenticate');
  if (status === '429' || (status === '503' && isCounted)) names.push('retry-after');
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** One for each code that some answer refers to. */
function problemExamples(paths: string) {
  const codes = Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[];
  return Object.fromEntries(
    codes
      .filter((code) => paths.includes(`"#/components/examples/${code}"`))
      .map((code) => [
        code,
        { summary: errorCatalogue[code].title, value: problemOf(refuse(code), requestId) },
      ]),
  );
}

function byName<Value>(named: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(named).sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
