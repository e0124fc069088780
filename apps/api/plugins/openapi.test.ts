import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let document: Json;
beforeAll(async () => {
  ground = await openGround();
  document = await (await fetch(`${ground.url}/openapi.json`)).json();
});
afterAll(() => ground.close());

test('is OpenAPI 3.1 and names every call of the API', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths).sort()).toEqual([
    '/healthz',
    '/readyz',
    '/v1/jobs',
    '/v1/jobs/{id}',
    '/v1/jobs/{id}/rejects',
    '/v1/jobs/{id}/results',
  ]);
  expect(Object.keys(document.paths['/v1/jobs'])).toEqual(['get', 'post']);
});

test('describes the three forms of a job, and what is required of each', () => {
  const { requestBody, parameters } = document.paths['/v1/jobs'].post;
  expect(Object.keys(requestBody.content)).toEqual([
    'application/json',
    'multipart/form-data',
    'text/csv',
    'text/plain',
    'text/tab-separated-values',
    'application/gzip',
    'application/x-gzip',
    'application/octet-stream',
  ]);
  const { CreateJob, CreateJobForm } = document.components.schemas;
  expect(requestBody.content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/CreateJob',
  });
  expect(CreateJob.required.sort()).toEqual(['check', 'numbers', 'purpose', 'requested_by']);
  expect(CreateJobForm.required.sort()).toEqual(['check', 'file', 'purpose', 'requested_by']);
  expect(parameters.map((parameter: Json) => parameter.name).sort()).toEqual([
    'account',
    'check',
    'column',
    'default_region',
    'idempotency-key',
    'max_cost',
    'name',
    'priority',
    'purpose',
    'requested_by',
  ]);
});

test('every reference leads somewhere, and every call says its answers and its key', () => {
  const references = [
    ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g),
  ];
  expect(references.length).toBeGreaterThan(10);
  for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
  for (const [path, calls] of Object.entries<Json>(document.paths)) {
    for (const call of Object.values<Json>(calls)) {
      expect(Object.keys(call.responses).length).toBeGreaterThan(0);
      if (path.startsWith('/v1/')) {
        expect(call.security).toEqual([{ key: [] }]);
        expect(call.responses['401'].content).toHaveProperty(['application/problem+json']);
      }
    }
  }
});

test('/docs shows it with nothing from elsewhere', async () => {
  const answer = await fetch(`${ground.url}/docs`);
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(html).toContain('<title>Rollcall API</title>');
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/https?:|\*/);
  const loaded = [...html.matchAll(/(?:src|href)="\.?\/?((?:docs\/)?static\/[^"]+)"/g)];
  expect(loaded.length).toBeGreaterThan(2);
  for (const [, path = ''] of loaded) {
    const url = new URL(path.startsWith('docs/') ? `/${path}` : `/docs/${path}`, ground.url);
    expect((await fetch(url)).status, path).toBe(200);
  }
});
