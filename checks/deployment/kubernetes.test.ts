import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAccounts, readEnvironment } from '../../packages/config/index.ts';
import { metricCatalogue } from '../../packages/telemetry/index.ts';
import { knownSettings, problemsOfSettings } from './known-settings.ts';
import { schemaProblems } from './kubernetes-schemas.ts';
import {
  type Labels,
  type Pod,
  podsOf,
  readKustomizations,
  readManifests,
  root,
} from './read-manifests.ts';

// What a cluster would find out later, or never: kustomize is not run here, so the manifests are written whole.

const found = await readManifests();
const manifests = found.map(({ manifest }) => manifest);
const pods = podsOf(manifests);
const stages = ['plan', 'submit', 'poll', 'ingest'];
/** Longest that a stop takes (P13). */
const stopMax_s = 30;

test.each(
  found.map(({ file, manifest }) => [file, manifest.kind, manifest.metadata.name, manifest]),
)('%s: %s %s is as its published schema wants it', async (...[, , , manifest]) => {
  expect(await schemaProblems(manifest)).toEqual([]);
});

test('each kustomization names every file beside it, and no other', async () => {
  for (const { folder, named, files } of await readKustomizations()) {
    const here = named.filter((name) => !name.startsWith('../')).toSorted();
    const beside = files.filter((name) => name !== 'kustomization.yaml').toSorted();
    expect([folder, ...here]).toEqual([folder, ...beside]);
  }
});

test('everything is in the namespace, which refuses what does not run as a plain user', () => {
  const namespace = manifests.find(({ kind }) => kind === 'Namespace');
  expect(namespace?.metadata).toMatchObject({
    name: 'rollcall',
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  });
  const elsewhere = manifests.filter(
    ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'rollcall',
  );
  expect(elsewhere).toEqual([]);
});

test.each(pods.map((pod) => [pod.name, pod]))(
  '%s runs as a plain user on a file system that it cannot write to, but for /tmp',
  (...[, { spec }]) => {
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    const [container] = spec.containers;
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    const writable = spec.volumes.filter((volume) => 'emptyDir' in volume);
    expect(mountsOf(spec, writable)).toEqual(['/tmp']);
    expect(Object.keys(container.resources.requests)).toEqual(['cpu', 'memory']);
    expect(Object.keys(container.resources.limits)).toEqual(['memory']);
  },
);

test.each(pods.map((pod) => [pod.name, pod]))(
  '%s is told only what packages/config or the accounts file asks for, and starts on it',
  async (...[, pod]) => {
    const environment = environmentOf(pod);
    const known = new Set([...knownSettings(), ...(await keyFiles())]);
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    expect(problemsOfSettings(environment)).toEqual([]);
    const mounted = mountsOf(pod.spec, pod.spec.volumes);
    // The migration reads no accounts.
    const files = Object.entries(environment).filter(
      ([name]) => name.endsWith('_FILE') && !(name === 'ROLLCALL_ACCOUNTS_FILE' && isJob(pod.name)),
    );
    const absent = files.filter(([, path]) => !mounted.includes(path.replace(/\/[^/]+$/, '')));
    expect(absent).toEqual([]);
  },
);

test('only workers are given the keys of providers, and each key that the accounts ask for', async () => {
  const holders = pods.filter(({ spec }) =>
    spec.volumes.some(({ name }) => name === 'provider-keys'),
  );
  expect(holders.map(({ name }) => name)).toEqual(workers().map(({ name }) => name));
  const keys = await keyFiles();
  for (const pod of workers()) {
    expect(Object.keys(environmentOf(pod)).filter((name) => keys.includes(name))).toEqual(keys);
  }
});

test('each stage is run by one kind of worker', () => {
  const run = workers().flatMap((pod) => stagesOf(pod));
  expect(run.toSorted()).toEqual(stages.toSorted());
  for (const pod of workers()) {
    const read = readEnvironment(
      { DATABASE_URL: 'postgres://h/d', ROLLCALL_ACCOUNTS_FILE: 'f' },
      { stages: stagesOf(pod).join(',') },
    );
    expect(read.ok).toBe(true);
  }
});

test('the kinds of worker differ in name, stages and size alone', () => {
  const [first, ...others] = workers().map(withoutDifferences);
  for (const other of others) expect(other).toEqual(first);
});

test('each Deployment has a selector of its own, a disruption budget, probes of a port that it has, and time to stop', () => {
  for (const { spec, metadata } of manifests.filter(({ kind }) => kind === 'Deployment')) {
    const selector = (spec['selector'] as { matchLabels: Labels }).matchLabels;
    expect(selecting(selector)).toEqual([metadata.name]);
    const budgets = manifests.filter(
      (each) =>
        each.kind === 'PodDisruptionBudget' &&
        selecting((each.spec['selector'] as { matchLabels: Labels }).matchLabels).includes(
          metadata.name,
        ),
    );
    expect([metadata.name, budgets.length]).toEqual([metadata.name, 1]);
    const pod = pods.find(({ name }) => name === metadata.name);
    const [container] = pod?.spec.containers ?? [];
    const port = container?.ports?.[0];
    const environment = pod ? environmentOf(pod) : {};
    const told = environment['ROLLCALL_PORT'] ?? environment['ROLLCALL_METRICS_PORT'];
    expect(String(port?.containerPort)).toBe(told);
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: '/healthz', port: port?.name } },
      livenessProbe: { httpGet: { path: '/healthz', port: port?.name } },
    });
    // A worker that cannot reach what it works on must not replace one that does; an API says what is away, to those who call it.
    const readiness = metadata.name === 'rollcall-api' ? '/healthz' : '/readyz';
    expect(container).toMatchObject({
      readinessProbe: { httpGet: { path: readiness, port: port?.name } },
    });
    // A worker that its watchdog ended is started again, whatever its exit code.
    expect(pod?.spec['restartPolicy'] ?? 'Always').toBe('Always');
    expect(pod?.spec['terminationGracePeriodSeconds']).toBeGreaterThan(stopMax_s + 5);
  }
});

test('what selects pods selects some, and the ports that it names are theirs', () => {
  for (const { kind, metadata, spec } of manifests) {
    if (kind === 'Service') {
      const names = selecting(spec['selector'] as Labels);
      const ports = spec['ports'] as { targetPort: string }[];
      expect([metadata.name, ...names]).toEqual([metadata.name, 'rollcall-api']);
      expect(ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
    }
    if (kind !== 'NetworkPolicy') continue;
    const selector = spec['podSelector'] as { matchLabels?: Labels };
    const names = selecting(selector.matchLabels ?? {});
    expect([metadata.name, names.length > 0]).toEqual([metadata.name, true]);
    const rules = (spec['ingress'] ?? []) as { ports: { port: number }[] }[];
    const open = rules.flatMap(({ ports }) => ports.map(({ port }) => port));
    const theirs = pods
      .filter(({ name }) => names.includes(name))
      .flatMap((pod) => pod.spec.containers[0].ports?.map(({ containerPort }) => containerPort));
    expect(open.filter((port) => !theirs.includes(port))).toEqual([]);
  }
});

test('workers are scaled by metrics that are exported, each by those of its own stages', () => {
  const scaled = manifests.filter(({ kind }) => kind === 'ScaledObject');
  expect(scaled.map(({ metadata }) => metadata.name).toSorted()).toEqual(
    workers().map(({ name }) => name),
  );
  for (const { metadata, spec } of scaled) {
    expect(spec['scaleTargetRef']).toMatchObject({ kind: 'Deployment', name: metadata.name });
    // Every worker runs the sweeps; with none of them nothing would ever be due.
    expect(spec['minReplicaCount']).toBeGreaterThan(0);
    const triggers = spec['triggers'] as { metadata: { query: string } }[];
    const asked = triggers.map(({ metadata: { query } }) => {
      const [, metric = '', stage = ''] = /(rollcall_\w+)\{stage="(\w+)"\}/.exec(query) ?? [];
      expect(metricCatalogue).toHaveProperty(metric);
      expect(metricCatalogue[metric as 'rollcall_due_rows'].labels).toContain('stage');
      return stage;
    });
    const pod = workers().find(({ name }) => name === metadata.name);
    expect(asked.toSorted()).toEqual(pod && stagesOf(pod).toSorted());
  }
});

test('docs/deployment.md counts with the connections that these pods open at full scale', async () => {
  const scaled = manifests.filter(({ kind }) => kind === 'ScaledObject');
  let steady = 0;
  let surge = 0;
  for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Deployment')) {
    const pod = pods.find(({ name }) => name === metadata.name);
    const each = Number(pod && environmentOf(pod)['ROLLCALL_DATABASE_CONNECTIONS']);
    const most = scaled.find((one) => one.metadata.name === metadata.name)?.spec['maxReplicaCount'];
    steady += each * Number(most ?? spec['replicas']);
    surge += each;
  }
  const page = await readFile(join(root, 'docs/deployment.md'), 'utf8');
  expect(page).toContain(`= ${steady}, in a rollout ${steady + surge}; so 300.`);
  expect(steady + surge).toBeLessThan(300);
});

test('the accounts of the example overlay are read without a problem', async () => {
  const text = await readFile(join(root, 'ops/kubernetes/overlays/example/accounts.yaml'), 'utf8');
  expect(readAccounts(text, {}, { withKeys: false })).toMatchObject({ ok: true });
});

function workers(): Pod[] {
  return pods.filter(({ name }) => name.startsWith('rollcall-worker-'));
}

function isJob(name: string): boolean {
  return manifests.some(({ kind, metadata }) => kind === 'Job' && metadata.name === name);
}

function stagesOf(pod: Pod): string[] {
  const { command } = pod.spec.containers[0];
  expect(command.slice(0, 3)).toEqual(['node', 'apps/worker/main.ts', '--stages']);
  return command[3]?.split(',') ?? [];
}

/** Names of the Deployments and Jobs whose pods have all of these labels. */
function selecting(labels: Labels): string[] {
  const wanted = Object.entries(labels);
  return pods
    .filter((pod) => wanted.every(([name, value]) => pod.labels[name] === value))
    .map(({ name }) => name);
}

function environmentOf(pod: Pod): Record<string, string> {
  const settings = manifests.find(({ metadata }) => metadata.name === 'rollcall-settings')?.data;
  const own = pod.spec.containers[0].env ?? [];
  return { ...settings, ...Object.fromEntries(own.map(({ name, value }) => [name, value])) };
}

function mountsOf(spec: Pod['spec'], volumes: Pod['spec']['volumes']): string[] {
  const names = volumes.map(({ name }) => name);
  return spec.containers[0].volumeMounts
    .filter(({ name }) => names.includes(name))
    .map(({ mountPath }) => mountPath);
}

/** `WEBCOM_TOKEN_FILE`, …: where the keys lie that the shipped accounts name. */
async function keyFiles(): Promise<string[]> {
  const text = await readFile(join(root, 'packages/config/accounts.yaml'), 'utf8');
  const names = [...text.matchAll(/^ +key_env: (\w+)$/gm)].map(([, name]) => `${name}_FILE`);
  return [...new Set(names)];
}

function withoutDifferences(pod: Pod): unknown {
  const role = pod.name.replace('rollcall-', '');
  const same = JSON.parse(JSON.stringify(pod.spec).replaceAll(role, 'worker')) as Pod['spec'];
  const [container] = same.containers;
  const volumes = same.volumes.map(({ name }) => name);
  return { ...same, volumes, containers: [{ ...container, command: [], resources: {} }] };
}
