import { expect, test } from 'vitest';
import { schemaProblems } from './kubernetes-schemas.ts';

const budget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'rollcall-api', labels: { any: 'label' } },
  spec: { maxUnavailable: 1, selector: { matchLabels: { any: 'label' } } },
};

test('a manifest as its schema wants it has no problem', async () => {
  expect(await schemaProblems(budget)).toEqual([]);
});

test('a value of the wrong type is a problem', async () => {
  const wrong = { ...budget, spec: { ...budget.spec, selector: 'rollcall-api' } };
  expect((await schemaProblems(wrong)).join('\n')).toContain('must be object');
});

test('a misspelt field is a problem, though the schema would allow it', async () => {
  const wrong = { ...budget, spec: { ...budget.spec, maxUnavailible: 1 } };
  expect(await schemaProblems(wrong)).toEqual([
    '/spec/maxUnavailible: the schema knows no such field',
  ]);
});

test('a misspelt field of a trigger is a problem', async () => {
  const scaled = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'one' },
    spec: {
      scaleTargetRef: { name: 'one' },
      triggers: [{ type: 'prometheus', metadata: { threshold: '1' }, metricTyp: 'Value' }],
    },
  };
  expect(await schemaProblems(scaled)).toEqual([
    '/spec/triggers/0/metricTyp: the schema knows no such field',
  ]);
});

test('a kind without a schema is a problem', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod' };
  expect((await schemaProblems(pod))[0]).toContain('v1 Pod has no schema here');
});
