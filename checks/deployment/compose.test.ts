import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { simulatedAccounts } from '../../packages/config/index.ts';
import { keptSettings } from '../../packages/embedded/kept-settings.ts';
import { containerImages } from '../../packages/testing/container-images.ts';
import { knownSettings, problemsOfSettings } from './known-settings.ts';

type Service = {
  image: string;
  build?: { target: string };
  command?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  networks: string[] | Record<string, unknown>;
  volumes?: string[];
  stop_grace_period?: string;
  restart?: string;
};

const root = join(import.meta.dirname, '../..');
const text = await readFile(join(root, 'docker-compose.yml'), 'utf8');
const { services, secrets } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, unknown>;
};
const programs = ['api', 'worker', 'worker-ingest', 'migrate'] as const;
/** Longest that a stop takes (P13). */
const stopMax_s = 30;

test.each(Object.entries(services))(
  '%s writes to its volumes alone, has no rights of the system, bounded memory, and is reached from this machine only',
  (_, one) => {
    expect(one).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.any(String) as string,
    });
    const open = (one.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'));
    expect(open).toEqual([]);
    const unknown = (one.secrets ?? []).filter((name) => !(name in secrets));
    expect(unknown).toEqual([]);
  },
);

test.each(programs)('%s starts on the environment that it is given', async (name) => {
  const environment = withDefaults(service(name).environment ?? {});
  const keys = isWorker(name) ? await keyNames() : [];
  const known = new Set([...knownSettings(), ...keys]);
  expect(Object.keys(environment).filter((each) => !known.has(each))).toEqual([]);
  expect(problemsOfSettings(environment)).toEqual([]);
  const files = Object.entries(environment).filter(
    ([each]) => each.endsWith('_FILE') && !(name === 'migrate' && each.includes('ACCOUNTS')),
  );
  const absent = files.filter(([each, path]) => {
    const [, folder, file = ''] = /^\/run\/([\w-]+)\/(\w+)$/.exec(path) ?? [];
    if (folder === 'provider-keys') return !keys.includes(each);
    return !service(name).secrets?.includes(file);
  });
  expect(absent).toEqual([]);
});

test('what ends by itself is started again, such as a worker that its watchdog ended, and the migration is not', () => {
  const restarts = programs.map((name) => [name, service(name).restart]);
  expect(Object.fromEntries(restarts)).toEqual({
    api: 'unless-stopped',
    worker: 'unless-stopped',
    'worker-ingest': 'unless-stopped',
    migrate: 'no',
  });
});

test('workers alone can be given the keys that the accounts ask for, and find them where their volume is', async () => {
  const keys = await keyNames();
  for (const [name, { environment = {}, volumes = [] }] of Object.entries(services)) {
    const held = Object.keys(environment).filter((each) => keys.includes(each));
    expect([name, ...held.toSorted()]).toEqual([name, ...(isWorker(name) ? keys : [])]);
    expect(volumes.some((each) => each.includes('provider-keys'))).toBe(isWorker(name));
  }
});

test('who speaks to providers and who has no business there share no network', () => {
  const networksOf = (name: string) => {
    const { networks } = service(name);
    return Array.isArray(networks) ? networks : Object.keys(networks);
  };
  const shared = (one: string, other: string) =>
    networksOf(one).filter((network) => networksOf(other).includes(network));
  expect(shared('api', 'simulator')).toEqual([]);
  expect(shared('simulator', 'postgres')).toEqual([]);
  expect(shared('grafana', 'postgres')).toEqual([]);
  expect(shared('worker', 'simulator')).toEqual(['providers']);
  expect(networksOf('worker-ingest')).toEqual(networksOf('worker'));
});

test('the programs have longer to stop than they may take', () => {
  for (const name of ['api', 'worker', 'worker-ingest']) {
    expect(Number.parseInt(service(name).stop_grace_period ?? '0', 10)).toBeGreaterThan(stopMax_s);
  }
});

test('Postgres logs no values of rows, and Valkey drops no doorbells', () => {
  const command = (name: string) => service(name).command?.join(' ');
  expect(command('postgres')).toContain('log_min_messages=log');
  expect(command('postgres')).toContain('log_error_verbosity=terse');
  expect(command('postgres')).toContain('log_parameter_max_length=0');
  expect(command('postgres')).toContain('log_min_error_statement=panic');
  for (const [name, value] of Object.entries(keptSettings))
    expect(command('postgres')).toContain(`-c ${name}=${value}`);
  expect(command('valkey')).toContain('--maxmemory-policy noeviction --appendonly yes');
});

test('the suite’s containers are of the same images', () => {
  expect(service('postgres').image).toBe(containerImages.postgres);
  expect(service('valkey').image).toBe(containerImages.valkey);
});

test('what is built is a target of the Dockerfile, and what is mounted is there', async () => {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  for (const { build, image, volumes = [] } of Object.values(services)) {
    if (build) {
      expect(dockerfile).toContain(`FROM program AS ${build.target}\n`);
      expect(image).toMatch(new RegExp(`^rollcall-${build.target}:`));
    }
    for (const volume of volumes) {
      const [, path] = /^\.\/(ops\/[^:]+):/.exec(volume) ?? [];
      if (path !== undefined) await access(join(root, path));
    }
  }
});

test('the simulated accounts are the shipped ones, turned towards the simulator', async () => {
  const simulated = await simulatedAccounts({
    url: 'http://simulator:9090',
    resultUrl: 'http://simulator:9091',
    chunkSize: 5_000,
  });
  const shipped = await readFile(join(root, 'ops/compose/simulated-accounts.yaml'), 'utf8');
  expect(parse(shipped)).toEqual(parse(simulated.text));
  expect(service('worker').environment).toMatchObject(simulated.keys);
});

function isWorker(name: string): boolean {
  return name.startsWith('worker');
}

function service(name: string): Service {
  const found = services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** As Compose resolves `${NAME:-default}` and `${NAME-default}` where nothing is set. */
function withDefaults(environment: Record<string, string>): Record<string, string> {
  const resolved = Object.entries(environment).map(
    ([name, value]) => [name, value.replace(/\$\{\w+:?-([^}]*)\}/g, '$1')] as const,
  );
  return Object.fromEntries(resolved);
}

/** Variables that hold a provider's key, or say where it lies; the simulator's included. In order. */
async function keyNames(): Promise<string[]> {
  const names = new Set<string>();
  for (const [path, ending] of [
    ['packages/config/accounts.yaml', '_FILE'],
    ['ops/compose/simulated-accounts.yaml', ''],
  ] as const) {
    const accounts = await readFile(join(root, path), 'utf8');
    for (const [, name] of accounts.matchAll(/^ +key_env: (\w+)$/gm)) names.add(`${name}${ending}`);
  }
  return [...names].toSorted();
}
