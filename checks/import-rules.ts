import type { ImportTarget, SourceFile } from './source-file.ts';

/** One boundary of the house (design §3). `reason` is what whoever crosses it reads. */
export type ImportRule = {
  name: string;
  reason: string;
  forbids: (from: SourceFile, to: ImportTarget, typesOnly: boolean) => boolean;
};

/** Held to the folders by dependencies.test.ts. */
export const adapters = ['db', 'queue', 'providers', 'results', 'numbers'];
export const apps = ['api', 'worker', 'cli', 'simulator', 'local', 'storm', 'fuzz', 'bench'];
const CONTRACT_NEEDS = ['zod'];

export const importRules: ImportRule[] = [
  {
    name: 'apps-are-leaves',
    reason:
      'Nobody imports an app, another app included: apps speak over HTTP, Postgres and the queue. What two of them need is a package.',
    forbids: (from, to) =>
      (to.kind === 'workspace' && apps.includes(to.name)) ||
      (to.kind === 'relative' && to.file.room.startsWith('apps/') && to.file.room !== from.room),
  },
  {
    name: 'cli-speaks-http',
    reason:
      'The command line knows Rollcall over HTTP alone, as any client does: of ours it imports contract, config, domain and numbers (for a dry run), and never a database or a queue.',
    forbids: (from, to) =>
      from.room === 'apps/cli' &&
      !from.isTest &&
      to.kind === 'workspace' &&
      !['contract', 'config', 'domain', 'numbers'].includes(to.name),
  },
  {
    name: 'relative-imports-stay-home',
    reason:
      'A relative import may not leave its package: go through @rollcall/<name>, which says what is public and shows in package.json.',
    forbids: (from, to) => to.kind === 'relative' && from.room !== '' && to.file.room !== from.room,
  },
  {
    name: 'no-deep-imports',
    reason:
      'A package is its index.ts. Import @rollcall/<name>, and list there what should be public.',
    forbids: (_, to) => to.kind === 'workspace' && to.subpath !== '',
  },
  {
    name: 'adapters-apart',
    reason:
      'Adapters (db, queue, providers, results, numbers) never import each other: an app joins them, so that each can be replaced and tested alone.',
    forbids: (from, to) =>
      !from.isTest &&
      to.kind === 'workspace' &&
      adapters.includes(to.name) &&
      adapters.some((adapter) => from.room === `packages/${adapter}` && adapter !== to.name),
  },
  {
    name: 'spreadsheets-stand-alone',
    reason:
      'Spreadsheets are a file format: results, numbers, the API and the CLI read and write them alike, so the package imports nothing of ours.',
    forbids: (from, to) =>
      from.room === 'packages/spreadsheets' &&
      to.kind === 'workspace' &&
      !(from.isTest && to.name === 'testing'),
  },
  {
    name: 'domain-imports-nothing',
    reason:
      'The domain is pure: no npm, no node:, no other package. What it needs from outside arrives as an argument.',
    forbids: (from, to) =>
      from.room === 'packages/domain' && !from.isTest && to.kind !== 'relative',
  },
  {
    name: 'domain-knows-no-neighbour',
    reason:
      'Imports run one way, apps → packages → domain. The domain’s tests keep to the domain as well.',
    forbids: (from, to) =>
      from.room === 'packages/domain' && from.isTest && to.kind === 'workspace',
  },
  {
    name: 'contract-is-shapes',
    reason:
      'The contract is read by clients too: it imports zod and the domain’s types (import type), nothing that runs on a server.',
    forbids: (from, to, typesOnly) => {
      if (from.room !== 'packages/contract' || from.isTest || to.kind === 'relative') return false;
      if (to.kind === 'npm') return !CONTRACT_NEEDS.includes(to.name);
      return !(to.kind === 'workspace' && to.name === 'domain' && typesOnly);
    },
  },
  {
    name: 'simulator-reads-for-itself',
    reason:
      'The simulator imports nothing of ours: the wire is written twice, so that an error is not mirrored by its own test.',
    forbids: (from, to) =>
      from.room === 'apps/simulator' &&
      to.kind === 'workspace' &&
      !(from.isTest && to.name === 'testing'),
  },
  {
    name: 'stages-and-sweeps-apart',
    reason:
      'A stage or sweep never imports another: tables are the only channel between them, and each is one file (or one folder of its name) that can be read alone. What several share lies beside stages/ and sweeps/.',
    forbids: (from, to) => {
      const here = stageOrSweep(from);
      const there = to.kind === 'relative' ? stageOrSweep(to.file) : undefined;
      return here !== undefined && there !== undefined && here !== there;
    },
  },
  {
    name: 'testing-is-for-tests',
    reason:
      'Only tests, and the storm, the fuzz and the bench, which are tests too large for a suite, import @rollcall/testing: production carries no test switch and no test server.',
    forbids: (from, to) =>
      to.kind === 'workspace' &&
      to.name === 'testing' &&
      !from.isTest &&
      from.room !== '' &&
      from.room !== 'apps/storm' &&
      from.room !== 'apps/fuzz' &&
      from.room !== 'apps/bench',
  },
  {
    name: 'model-is-for-tests',
    reason:
      'The model of the chunk is what tests hold the product to: only tests import @rollcall/model, and it knows nothing but the domain.',
    forbids: (from, to) =>
      to.kind === 'workspace' &&
      ((to.name === 'model' && !from.isTest) ||
        (from.room === 'packages/model' && to.name !== 'domain')),
  },
  {
    name: 'embedded-is-for-one-machine',
    reason:
      'Only apps/local, the storm, the bench and tests start servers. Everybody else is given a URL, so that production can give another.',
    forbids: (from, to) =>
      !from.isTest &&
      to.kind === 'workspace' &&
      to.name === 'embedded' &&
      from.room !== 'apps/local' &&
      from.room !== 'apps/storm' &&
      from.room !== 'apps/bench',
  },
  {
    name: 'one-reader-of-the-environment',
    reason:
      'node:process is a back door to the environment, which only packages/config reads. The rest of it is the global `process`.',
    forbids: (from, to) =>
      isBuiltIn(to, 'process') && from.room !== 'packages/config' && from.room !== '',
  },
  {
    name: 'import-alone-loads',
    reason:
      'createRequire loads modules that no boundary sees: use import. Only packages/embedded asks it where a file lies, packages/db loads its query builder by it, 0.7 s quicker, and packages/confinement sees by it what a program is made of.',
    forbids: (from, to) =>
      isBuiltIn(to, 'module') &&
      !from.isTest &&
      from.room !== 'packages/embedded' &&
      !(from.room === 'packages/db' && from.inside === 'drizzle.ts') &&
      !(from.room === 'packages/confinement' && from.inside.startsWith('inside/')) &&
      from.room !== '',
  },
];

/** A module of Node, with or without `node:`. */
function isBuiltIn(to: ImportTarget, name: string): boolean {
  return (
    (to.kind === 'node' && to.name === `node:${name}`) || (to.kind === 'npm' && to.name === name)
  );
}

/** `stages/poll.ts`, `stages/poll.test.ts` and `stages/poll/batch.ts` are all `stages/poll`. */
function stageOrSweep(file: SourceFile): string | undefined {
  if (file.room !== 'apps/worker') return undefined;
  return /^(?:stages|sweeps)\/[^/.]+/.exec(file.inside)?.[0];
}
