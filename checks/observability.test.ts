import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { findPromtool } from '../packages/embedded/index.ts';
import { type MetricDefinition, metricCatalogue } from '../packages/telemetry/index.ts';

// What ops/ and the documentation say of metrics, held to the list of those that are exported. That real processes export all
// of the list, and nothing else, is shown by traced-job.test.ts.

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const definitions = new Map(Object.entries<MetricDefinition>(metricCatalogue));

/** Of Node and the process, by prom-client. */
const processMetrics = [
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
];
/** Labels that Prometheus itself gives, or that belong to a histogram. */
const givenLabels = ['job', 'instance', 'le'];

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly datasource?: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
    readonly targets?: readonly {
      readonly expr: string;
      readonly datasource: { readonly uid: string };
    }[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition: string }[] };
}

let rules: string;
let dashboard: Dashboard;
let expressions: readonly string[];
let alerts: readonly string[];
beforeAll(async () => {
  rules = await read('ops/prometheus/rules.yml');
  dashboard = JSON.parse(await read('ops/grafana/dashboards/rollcall.json')) as Dashboard;
  alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  expressions = [
    ...[...rules.matchAll(/^ {8}expr: (?:>-\n((?: {10}.*\n)+)|(.*))/gm)].map(
      ([, folded, line]) => folded ?? line ?? '',
    ),
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ definition }) => definition),
  ];
});

function baseOf(name: string): string {
  const base = name.replace(/_(?:count|sum|bucket)$/, '');
  return definitions.get(base)?.type === 'histogram' ? base : name;
}

test('every metric that an alert or a panel names is exported, with the labels that are asked of it', () => {
  expect(expressions.length).toBeGreaterThan(alerts.length);
  const found = new Set<string>();
  for (const expression of expressions) {
    for (const [, name = '', matchers = ''] of expression.matchAll(
      /\b((?:rollcall|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g,
    )) {
      found.add(name);
      const definition = definitions.get(baseOf(name));
      if (!definition) {
        expect(processMetrics).toContain(name);
        continue;
      }
      const asked = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label);
      expect([...definition.labels, ...givenLabels]).toEqual(expect.arrayContaining(asked));
    }
    const known = [...definitions.values()].flatMap(({ labels }) => labels);
    for (const [, list = ''] of expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
      expect([...known, ...givenLabels]).toEqual(expect.arrayContaining(list.split(', ')));
    }
  }
  expect(found.size).toBeGreaterThan(20);
});

test('what Postgres tells is made one before it is added up, since every API tells the same', () => {
  const shared = [...definitions].filter(([, { source }]) => source === 'database');
  for (const expression of expressions) {
    for (const [name] of shared) {
      const sums = new RegExp(`\\bsum(?: by \\([^)]*\\))? ?\\((?:increase\\(|rate\\()?${name}\\b`);
      expect(expression).not.toMatch(sums);
    }
  }
});

test('every metric stands in the operations page, with its labels and its meaning', async () => {
  const page = await read('docs/operations.md');
  const missing = [...definitions].filter(([name, { labels, meaning }]) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? '';
    return !row.includes(meaning) || !labels.every((label) => row.includes(label));
  });
  expect(missing.map(([name]) => name)).toEqual([]);
  const named = [...page.matchAll(/^\| `(rollcall_[a-z_]+)`/gm)].map(([, name = '']) => name);
  expect(named.toSorted()).toEqual([...definitions.keys()].toSorted());
});

test('every alert has a heading in the operations page that its link leads to, and no heading is for an alert that is gone', async () => {
  const page = await read('docs/operations.md');
  const headings = [...page.matchAll(/^#{3,4} (Rollcall\w+)$/gm)].map(([, name = '']) => name);
  expect(headings.toSorted()).toEqual(alerts.toSorted());
  const links = [...rules.matchAll(/runbook_url: docs\/operations\.md#(\w+)/g)].map(([, to]) => to);
  expect(links).toEqual(alerts.map((name) => name.toLowerCase()));
});

test('every alert is shown to fire and to stay quiet', async () => {
  const tests = (
    await Promise.all(
      ['rules.test.yml', 'rules-of-days.test.yml'].map((name) => read(`ops/prometheus/${name}`)),
    )
  ).join('\n');
  for (const alert of alerts) {
    expect(tests).toContain(`- name: ${alert} fires\n`);
    expect(tests).toContain(`- name: ${alert} stays quiet\n`);
  }
});

test('the dashboard asks the one source that is provisioned, and no panel lies on another', async () => {
  const provisioned = await read('ops/grafana/provisioning/datasources/prometheus.yml');
  const [, uid = ''] = /^ {4}uid: (\w+)$/m.exec(provisioned) ?? [];
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { type, title, datasource, gridPos, targets = [] } of panels) {
    expect(title).not.toBe('');
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    if (type === 'row') continue;
    expect([datasource?.uid, ...targets.map((target) => target.datasource.uid)]).toEqual(
      Array.from({ length: targets.length + 1 }, () => uid),
    );
    expect(targets.length).toBeGreaterThan(0);
  }
  const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
  expect(new Set(places).size).toBe(places.length);
});

describe('promtool', () => {
  async function promtoolOrSkip(context: TestContext) {
    const promtool = await findPromtool();
    return 'unavailable' in promtool ? context.skip(promtool.unavailable) : promtool;
  }
  const here = join(root, 'ops/prometheus');

  test('finds the configuration and the rules sound', async (context) => {
    const promtool = await promtoolOrSkip(context);
    const checked = await promtool.run(['check', 'config', 'prometheus.yml'], here);
    expect(checked).toMatchObject({ kind: 'ok' });
    expect(checked).toMatchObject({
      output: expect.stringContaining(`${alerts.length} rules found`) as string,
    });
  });

  test('sees every alert fire where it should, and stay quiet where it should not', async (context) => {
    const promtool = await promtoolOrSkip(context);
    const files = ['rules.test.yml', 'rules-of-days.test.yml'];
    expect(await promtool.run(['test', 'rules', ...files], here)).toMatchObject({ kind: 'ok' });
  }, 180_000);

  test('can read every expression of the dashboard', async (context) => {
    const promtool = await promtoolOrSkip(context);
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-panels-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const panels = dashboard.panels.flatMap(({ targets = [] }) => targets);
    const recorded = panels.map(({ expr }, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$account', '.*'),
    }));
    // JSON is YAML.
    await writeFile(
      join(folder, 'panels.yml'),
      JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }),
    );
    const checked = await promtool.run(['check', 'rules', 'panels.yml'], folder);
    expect(checked).toMatchObject({
      output: expect.stringContaining(`${panels.length} rules found`) as string,
    });
  });
});
