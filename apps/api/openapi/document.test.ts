import { fileURLToPath } from 'node:url';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCatalogue } from '../errors.ts';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { registeredCalls } from '../testing/registered-calls.ts';
import { plainText } from './example-of.ts';
import { tags } from './tags.ts';

// docs/openapi.json is what this server says of itself: `npx --yes pnpm@12.21.0 openapi` writes it anew.

let ground: Ground;
let document: Json;
beforeAll(async () => {
  ground = await openGround();
  document = await (await fetch(`${ground.url}/openapi.json`)).json();
});
afterAll(() => ground.close());

/** Every operation, as `[call, operation]`, where a call is `GET /v1/jobs`. */
const operations = (): [string, Json][] =>
  Object.entries<Json>(document.paths).flatMap(([path, calls]) =>
    Object.entries<Json>(calls).map(([method, operation]): [string, Json] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

/** Pages and files that are not calls of the API, and the routes of pages that others made. */
const undescribed = /^(?:GET \/|GET \/openapi\.json|GET \/metrics|\w+ \/docs.*|\w+ \/admin\/.*)$/;
/** Calls that ask for no key. */
const open = ['GET /healthz', 'GET /readyz'];

test('docs/openapi.json is what the server says, to the letter', async () => {
  const file = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file);
});

test('a public linter finds nothing wrong with it, each example fits its schema', async () => {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // Nobody but its owners runs it.
      'info-license': 'off',
      // Health has none; of the calls with a key a test below asks for more.
      'operation-4xx-response': 'off',
    },
  });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config });
  expect(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
  ).toEqual([]);
});

test('describes every call that there is, and no other', () => {
  const calls = registeredCalls(ground.app).filter((call) => !undescribed.test(call));
  expect(calls.length).toBeGreaterThan(10);
  expect(
    operations()
      .map(([call]) => call.replaceAll(/\{(\w+)\}/g, ':$1'))
      .sort(),
  ).toEqual(calls.sort());
});

describe('of every call it says', () => {
  test('what it is called, what it does and where it belongs', () => {
    const names = operations().map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const chapters = tags.map(({ name }) => name);
    for (const [
      call,
      {
        operationId,
        summary,
        description,
        tags: [tag],
      },
    ] of operations()) {
      expect(operationId, call).toMatch(/^[a-z]+[A-Za-z]*$/);
      expect(summary, call).toMatch(/^[A-Z].*[^.]$/);
      expect(description, call).toMatch(/^[A-Z`][^]*\.$/);
      expect(chapters, call).toContain(tag);
    }
  });

  test('what may go wrong, by codes of the catalogue, with an example of each', () => {
    for (const [call, { responses }] of operations()) {
      const codes = Object.entries<Json>(responses).flatMap(([status, { content }]) => {
        const examples = content?.['application/problem+json']?.examples ?? {};
        return Object.keys(examples).map((code) => {
          expect(errorCatalogue, call).toHaveProperty(code);
          expect(document.components.examples[code].value, call).toMatchObject({
            code,
            status: Number(status),
          });
          return code;
        });
      });
      if (open.includes(call)) continue;
      expect(codes, call).toEqual(
        expect.arrayContaining([
          'unauthenticated',
          'rate_limited',
          'internal',
          'database_unavailable',
        ]),
      );
    }
  });

  test('an example of each body and of each parameter that must be given, and none that would be sent by mistake', () => {
    for (const [call, { requestBody, responses, parameters = [] }] of operations()) {
      const bodies = [requestBody, ...Object.values<Json>(responses)].flatMap((each) =>
        Object.entries<Json>(each?.content ?? {}),
      );
      for (const [type, body] of bodies) {
        const example = body.example ?? Object.keys(body.examples ?? {})[0];
        expect(example, `${call} ${type}`).toBeDefined();
        expect(JSON.stringify(example), `${call} ${type}`).not.toContain(`"${plainText}"`);
      }
      for (const { name, required, description, schema, ...parameter } of parameters) {
        const resolved = {
          ...document.components.schemas[schema.$ref?.split('/').at(-1)],
          ...schema,
        };
        const examples = [parameter.example, parameter.examples, resolved.examples?.[0]];
        const given = examples.filter((each) => each !== undefined);
        if (required) expect(given, `${call} ${name}`).not.toEqual([]);
        else {
          expect([...given, ...[resolved.example].filter(Boolean)], `${call} ${name}`).toEqual([]);
          expect(description, `${call} ${name}`).toMatch(/\.$/);
        }
      }
    }
  });

  test('what each answer is', () => {
    for (const [call, { responses }] of operations()) {
      for (const [status, { description }] of Object.entries<Json>(responses)) {
        expect(description, `${call} ${status}`).toMatch(/^(?!Default Response)[A-Z`].*\.$/s);
      }
    }
  });

  test('the headers of each answer', () => {
    for (const [call, { responses }] of operations()) {
      for (const [status, { headers }] of Object.entries<Json>(responses)) {
        expect(Object.keys(headers), `${call} ${status}`).toContain('x-request-id');
        if (status === '202') expect(Object.keys(headers), call).toContain('location');
        if (status === '429') expect(Object.keys(headers), call).toContain('retry-after');
      }
    }
  });

  test('that it wants a key, and it does', async () => {
    for (const [call, { security, responses }] of operations()) {
      if (open.includes(call)) {
        expect(security, call).toEqual([]);
        continue;
      }
      expect(security, call).toEqual([{ key: [] }]);
      expect(Object.keys(responses), call).toContain('401');
      const [method = '', path = ''] = call.split(' ');
      const answer = await fetch(`${ground.url}${path.replaceAll(/\{\w+\}/g, 'x')}`, { method });
      expect([call, answer.status]).toEqual([call, 401]);
    }
  });

  test('which scope it wants, and a key without any other is refused', async () => {
    // `x` is no id: whoever may, is told 404 or 422, or given a list.
    const headers = { authorization: await ground.bearer(['approvals:write']) };
    const allowed = [];
    for (const [call, { responses }] of operations()) {
      const [method = '', path = ''] = call.split(' ');
      const url = `${ground.url}${path.replaceAll(/\{\w+\}/g, 'x')}`;
      const answer = await fetch(url, { method, headers });
      if (answer.status !== 403) allowed.push(call);
      else expect(Object.keys(responses), call).toContain('403');
    }
    expect(allowed).toEqual([...open, 'GET /v1/key']);
  });
});
