import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { adapters, apps } from './import-rules.ts';

// What package.json may say, held by the tags of `turbo boundaries`: a dependency is refused before anybody imports it.

const root = join(import.meta.dirname, '..');

test('every folder of apps/ and packages/ has the tag of its kind', async () => {
  expect((await readdir(join(root, 'apps'))).filter((app) => !apps.includes(app))).toEqual([]);
  const tags = await tagsOfRooms();
  for (const [room, tag] of tags) expect([room, tag]).toEqual([room, kindOf(room)]);
  expect(tags.length).toBeGreaterThan(adapters.length);
});

test.each([
  ['adapter', 'adapter'],
  ['adapter', 'app'],
  ['package', 'app'],
  ['app', 'app'],
  ['domain', 'package'],
])('turbo refuses that %s depends on %s', async (from, to) => {
  const output = await boundariesOf(from, to);
  expect(output).toMatch(
    /Package `planted-to` found with(out any)? tag listed in (deny|allow)list/,
  );
});

test.each([
  ['app', 'adapter'],
  ['adapter', 'domain'],
  ['package', 'package'],
])('turbo lets %s depend on %s', async (from, to) => {
  expect(await boundariesOf(from, to)).toContain('no issues found');
});

function kindOf(room: string): string {
  const [kind, name = ''] = room.split('/');
  if (kind === 'apps') return 'app';
  if (name === 'domain') return 'domain';
  return adapters.includes(name) ? 'adapter' : 'package';
}

async function tagsOfRooms(): Promise<[string, string][]> {
  const folders = await Promise.all(
    ['apps', 'packages'].map(async (kind) =>
      (await readdir(join(root, kind))).map((name) => `${kind}/${name}`),
    ),
  );
  return Promise.all(
    folders.flat().map(async (room): Promise<[string, string]> => {
      const text = await readFile(join(root, room, 'turbo.json'), 'utf8');
      const { tags } = JSON.parse(text) as { tags: [string] };
      return [room, tags.join()];
    }),
  );
}

/** What turbo says of a workspace of two packages with these tags, of which the first depends on the second. */
async function boundariesOf(from: string, to: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'rollcall-tags-'));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  for (const name of ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', 'turbo.json']) {
    await cp(join(root, name), join(copy, name));
  }
  const dependencies = { 'planted-to': 'workspace:*' };
  await plant(copy, from, { name: 'planted-from', dependencies });
  await plant(copy, to, { name: 'planted-to' }, 'to');
  const run = promisify(execFile)(join(root, 'node_modules/.bin/turbo'), ['boundaries'], {
    cwd: copy,
    env: { ...process.env, DO_NOT_TRACK: '1' },
  });
  return run.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

async function plant(copy: string, tag: string, manifest: object, folder = 'from'): Promise<void> {
  const room = join(copy, 'packages', folder);
  await mkdir(room, { recursive: true });
  await writeFile(join(room, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(room, 'turbo.json'), JSON.stringify({ extends: ['//'], tags: [tag] }));
}
