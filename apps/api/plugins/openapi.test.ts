import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let document: Json;
beforeAll(async () => {
  ground = await openGround();
  document = await (await fetch(`${ground.url}/openapi.json`)).json();
});
afterAll(() => ground.close());

test('describes the three forms of a job, and what is required of each', () => {
  const { requestBody, parameters } = document.paths['/v1/jobs'].post;
  expect(Object.keys(requestBody.content)).toEqual([
    'application/json',
    'multipart/form-data',
    'text/csv',
    'text/plain',
    'text/tab-separated-values',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
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

test('/docs shows it with nothing from elsewhere', async () => {
  const answer = await fetch(`${ground.url}/docs`);
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(html).toContain('<title>Rollcall API</title>');
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(html).toContain('rollcall.svg');
  expect(html).not.toContain('favicon-32x32');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/https?:|\*/);
  const loaded = [...html.matchAll(/(?:src|href)="\.?\/?((?:docs\/)?static\/[^"]+)"/g)];
  expect(loaded.length).toBeGreaterThan(2);
  for (const [, path = ''] of loaded) {
    const url = new URL(path.startsWith('docs/') ? `/${path}` : `/docs/${path}`, ground.url);
    expect((await fetch(url)).status, path).toBe(200);
  }
});
