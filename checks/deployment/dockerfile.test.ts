import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
const images = stages
  .map((text) => ({ name: /^FROM program AS (\w+)/.exec(text)?.[1] ?? '', text }))
  .filter(({ name }) => name !== '');

/** For a single machine, and for whoever tests Rollcall. */
const withoutImage = ['bench', 'fuzz', 'local', 'storm'];

test('each program that runs in production has an image', async () => {
  const all = await readdir(join(root, 'apps'));
  const apps = all.filter((app) => !withoutImage.includes(app)).toSorted();
  expect(images.map(({ name }) => name).toSorted()).toEqual(apps);
});

test.each(images.map(({ name, text }) => [name, text]))(
  '%s holds its own part of the workspace, runs as nobody’s user, and starts a program that is there',
  async (name, text) => {
    expect(text).toContain(`COPY --from=installed /rollcall/${name} ./\n`);
    expect(text).toContain(`COPY --from=pruned /sources/${name} ./\n`);
    expect(text).toContain(`org.opencontainers.image.title="rollcall-${name}"`);
    const users = [
      ...`${dockerfile.split(images[0]?.text ?? '')[0]}${text}`.matchAll(/^USER (.*)$/gm),
    ];
    expect(users.at(-1)?.[1]).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const [, program = ''] = /^(?:CMD|ENTRYPOINT) \["node", "([^"]+)"/m.exec(text) ?? [];
    await access(join(root, program));
  },
);

test('the builder is given a list of what it needs, so that no key and no data of anybody can be among it', async () => {
  const ignored = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
  const rules = ignored.filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules[0]).toBe('*');
  const taken = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
  expect(taken).toEqual([
    'apps',
    'packages',
    'migrations',
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'turbo.json',
  ]);
});

test('versions of tools are read from the workspace and stand nowhere else', () => {
  expect(dockerfile).not.toMatch(/(turbo|pnpm)@\d/);
});
