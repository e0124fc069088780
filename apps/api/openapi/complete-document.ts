import { errorCatalogue } from '../errors.ts';
import { problemOf, refuse } from '../refusal.ts';
import { answerDescriptions } from './answer-descriptions.ts';
import { exampleOf, plainText, type Schema } from './example-of.ts';
import { headersNamed, responseHeaders } from './response-headers.ts';
import { type Parameter, sayExampleInWords } from './say-example-in-words.ts';
import { tags } from './tags.ts';

const optionalMark = 'x-fastify-zod-openapi-optional';

interface MediaType {
  schema?: Schema & { [optionalMark]?: boolean };
  example?: unknown;
  examples?: Record<string, unknown>;
}
interface Response {
  description?: string;
  content?: Record<string, MediaType>;
  headers?: Record<string, unknown>;
}
interface Operation {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { description?: string; required?: boolean; content: Record<string, MediaType> };
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

/** What a file may look like; the compressed ones cannot be shown. */
const fileExamples: Readonly<Record<string, string>> = {
  'text/plain': '+447911123456\n+4915112345678\n',
  'text/csv': 'name,phone\nAda,+447911123456\n',
  'text/tab-separated-values': 'name\tphone\nAda\t+447911123456\n',
};

/** What the library writes where a route says nothing. */
const unsaid = 'Default Response';

/** Of every problem document that is shown as an example. */
const requestId = '01929d3e-8c00-7a31-9f5c-0242ac120002';

/**
 * Adds to what the routes say what holds for all of them: an example of each body and required parameter, what an answer is, the headers of each answer,
 * and one example a code of the catalogue. In order of path, so that the file says the same however routes are registered.
 */
export function completeDocument(document: ApiDocument): ApiDocument {
  const { schemas } = document.components;
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations)) {
      for (const parameter of operation.parameters ?? []) {
        if (parameter.required !== true) sayExampleInWords(parameter, schemas);
        else if (parameter.schema?.examples?.length) {
          parameter.example = parameter.schema.examples[0];
        }
      }
      if (operation.requestBody) {
        sayWhetherRequired(operation.requestBody);
        // The library takes the one that it finds last, which is that of one form of many.
        if (Object.keys(operation.requestBody.content).length > 1) {
          delete operation.requestBody.description;
        }
      }
      const bodies = [
        ...Object.entries(operation.requestBody?.content ?? {}),
        ...Object.values(operation.responses).flatMap(({ content }) =>
          Object.entries(content ?? {}),
        ),
      ];
      for (const [type, body] of bodies) {
        if (body.schema && body.example === undefined && body.examples === undefined) {
          body.example = fileExamples[type] ?? exampleOf(body.schema, schemas);
          if (body.example === plainText) body.example = '(the bytes of the file)';
        }
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        const named = Object.keys(response.headers ?? {}) as Parameters<typeof headersNamed>;
        if (response.description === unsaid) response.description = describe(response);
        response.headers = headersNamed(...headersOf(operation, status), ...named);
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

function describe({ content }: Response): string {
  const name = content?.['application/json']?.schema?.$ref?.replace('#/components/schemas/', '');
  return answerDescriptions[name ?? ''] ?? unsaid;
}

/** The library marks a body that may be absent, and calls it required all the same. */
function sayWhetherRequired(body: NonNullable<Operation['requestBody']>): void {
  for (const { schema } of Object.values(body.content)) {
    if (!schema || !(optionalMark in schema)) continue;
    if (schema[optionalMark] === true) body.required = false;
    delete schema[optionalMark];
  }
}

function headersOf(operation: Operation, status: string): Parameters<typeof headersNamed> {
  const names: Parameters<typeof headersNamed> = ['x-request-id'];
  // Whoever is refused before the count sees none of it.
  const isCounted = (operation.security?.length ?? 0) > 0 && status !== '401';
  if (isCounted) names.push('ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset');
  if (status === '401') names.push('www-authenticate');
  if (status === '429' || (status === '503' && isCounted)) names.push('retry-after');
  return names;
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
