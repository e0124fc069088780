import type { TestProject } from 'vitest/node';
import { migrate } from './packages/db/index.ts';
import { setUpRun } from './packages/testing/set-up-run.ts';

// Joined here, at the root, because db's own tests need testing: a package that imported both would close a circle.
export default (project: TestProject): Promise<() => Promise<void>> => setUpRun(project, migrate);
