import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

// What comes from strangers before a line of ours runs: which packages are let in, and what an image says it is made of.

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const day_ms = 86_400_000;

/** A stranger's package, as a registry tells of it. */
interface Planted {
  readonly manifest: Record<string, unknown>;
  readonly age_days: number;
}

test('a package may run a script at its installation only where we said so: a planted one ends the install, and does not run', async () => {
  const proof = join(await workspace(), 'it-ran');
  const planted = { manifest: { scripts: { postinstall: `touch ${proof}` } }, age_days: 400 };
  const output = await refusedInstall(planted);
  expect(output).toContain('ERR_PNPM_IGNORED_BUILDS');
  expect(output).toContain('planted@1.0.0');
  await expect(stat(proof)).rejects.toThrow('ENOENT');
});

test('a version that was published an hour ago is not taken: a stolen one is found within days', async () => {
  const output = await refusedInstall({ manifest: {}, age_days: 1 / 24 });
  expect(output).toContain('ERR_PNPM_NO_MATURE_MATCHING_VERSION');
});

test('a package may not bring another from outside the registry', async () => {
  const elsewhere = await startRegistry({ manifest: { name: 'elsewhere' }, age_days: 400 });
  const dependencies = { elsewhere: `${elsewhere}elsewhere.tgz` };
  const output = await refusedInstall({ manifest: { dependencies }, age_days: 400 });
  expect(output).toContain('ERR_PNPM_EXOTIC_SUBDEP');
});

test('every package of the lockfile comes from the registry and has the digest of its content', async () => {
  const { packages } = await lockfile();
  const names = Object.keys(packages);
  expect(names.length).toBeGreaterThan(300);
  for (const name of names) {
    expect([name, packages[name]?.resolution]).toEqual([
      name,
      { integrity: expect.stringMatching(/^sha512-/) },
    ]);
  }
});

const inImages = ['api', 'worker', 'simulator', 'cli'];

test('the bill of materials of each image names what is in it by version, and nothing of the development', async () => {
  const { packages } = await lockfile();
  for (const [app, { metadata, components }] of await billsOf(inImages)) {
    expect(metadata.component).toMatchObject({ group: '@rollcall', name: app });
    const theirs = components.filter(({ group }) => group !== '@rollcall');
    const named = theirs.map(({ group, name, version }) =>
      group ? `${group}/${name}@${version}` : `${name}@${version}`,
    );
    expect(named.filter((name) => !(name in packages))).toEqual([]);
    expect(named.filter((name) => /^(vitest|turbo|oxlint|node)@/.test(name))).toEqual([]);
    expect(theirs.length).toBeGreaterThan(3);
  }
});

interface Bill {
  readonly metadata: { readonly component: { readonly group?: string; readonly name: string } };
  readonly components: readonly {
    readonly group?: string;
    readonly name: string;
    readonly version: string;
  }[];
}

/** By the command of docs/deployment.md. */
async function billsOf(apps: readonly string[]): Promise<(readonly [string, Bill])[]> {
  const folder = await workspace();
  const filters = apps.flatMap((app) => ['--filter', `@rollcall/${app}`]);
  const kind =
    'sbom --prod --lockfile-only --sbom-type application --sbom-format cyclonedx --split';
  await pnpm(root, [...filters, ...kind.split(' '), '--out', join(folder, '%s.json')]);
  return Promise.all(
    apps.map(async (app) => {
      const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith(`${app}.json`));
      return [app, JSON.parse(await readFile(join(folder, file), 'utf8')) as Bill] as const;
    }),
  );
}

async function lockfile() {
  return parse(await readFile(join(root, 'pnpm-lock.yaml'), 'utf8')) as {
    packages: Record<string, { resolution: object }>;
  };
}

/** The whole output of an install, under our own settings, of something that needs the planted package. */
async function refusedInstall(planted: Planted): Promise<string> {
  const registry = await startRegistry(planted);
  const folder = await workspace();
  await cp(join(root, 'pnpm-workspace.yaml'), join(folder, 'pnpm-workspace.yaml'));
  await writeFile(join(folder, '.npmrc'), `registry=${registry}\n`);
  const dependencies = { planted: '1.0.0' };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'needs-it', version: '1.0.0', private: true, dependencies }),
  );
  const installing = pnpm(folder, ['install', '--store-dir', join(folder, 'store')]);
  return await installing.then(
    () => expect.unreachable('the install went through'),
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

async function workspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-supply-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A registry with one package of one version, on loopback. */
async function startRegistry({ manifest, age_days }: Planted): Promise<string> {
  const whole = { name: 'planted', version: '1.0.0', ...manifest };
  const tarball = await packed(whole);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const published = new Date(Date.now() - age_days * day_ms).toISOString();
  const server = createServer((request, response) => {
    if (request.url?.endsWith('.tgz')) return void response.end(tarball);
    const dist = { tarball: `${urlOf(server)}planted-1.0.0.tgz`, integrity };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name: 'planted',
        'dist-tags': { latest: '1.0.0' },
        time: { created: published, modified: published, '1.0.0': published },
        versions: { '1.0.0': { ...whole, dist } },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return urlOf(server);
}

const urlOf = (server: ReturnType<typeof createServer>) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

async function packed(manifest: object): Promise<Buffer> {
  const folder = await workspace();
  await mkdir(join(folder, 'package'));
  await writeFile(join(folder, 'package', 'package.json'), JSON.stringify(manifest));
  await run('tar', ['-czf', 'planted.tgz', 'package'], { cwd: folder });
  return readFile(join(folder, 'planted.tgz'));
}

let program: readonly [string, ...string[]];
beforeAll(async () => {
  // The one that runs the suite, where one does; else the one that package.json names.
  const running = process.env['npm_execpath'] ?? '';
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  program = basename(running).startsWith('pnpm') ? [running] : ['npx', '--yes', packageManager];
});

/** Started at our root, whatever folder it works on: npx would ask the planted registry for pnpm. */
function pnpm(folder: string, flags: readonly string[]) {
  const [command, ...first] = program;
  const options = {
    cwd: root,
    maxBuffer: 1 << 26,
    env: { ...process.env, CI: 'true', NODE_DISABLE_COMPILE_CACHE: '1' },
  };
  return run(command, [...first, '--dir', folder, ...flags], options);
}
