import { writeSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import type { TestServers } from './provided-context.ts';

type Counts = { passed: number; failed: number; skipped: number };

/**
 * Ends a run with what it ran on and, alone on the last line, `N passed, N failed, N skipped`.
 * Everything that makes the run fail is in `failed`, also what is no test: a file that does not load, a hook, an
 * unhandled error. Written at the process's exit, so that nothing of vitest comes after it. A test that passed only when it
 * was tried again is counted as passed and told, with what it failed with: nobody looks at what is only counted.
 */
export default class CountReporter implements Reporter {
  // A run that never gets to its end has failed.
  private counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  private backends = '';
  private triedAgain = '';
  private vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
    process.once('exit', () => writeSync(1, this.lastLines()));
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const counts = countTests(modules);
    counts.failed += unhandledErrors.length;
    if (reason !== 'passed' && counts.failed === 0) counts.failed = 1;
    this.counts = counts;
    this.triedAgain = tellTriedAgain(modules);
    // Now, since vitest forgets what was provided when it closes.
    this.backends = describeBackends(
      this.vitest?.getRootProject().getProvidedContext().testServers,
    );
  }

  private lastLines(): string {
    const { passed, failed, skipped } = this.counts;
    return `${this.triedAgain}${this.backends}${passed} passed, ${failed} failed, ${skipped} skipped\n`;
  }
}

function describeBackends(servers: TestServers | undefined): string {
  if (!servers) return '';
  const { postgresVersion, redis } = servers;
  const postgres = `Ran on PostgreSQL ${postgresVersion}; queue backends: postgres`;
  if ('version' in redis) return `${postgres}, ${redis.version}\n`;
  return `${postgres}\nREDIS WAS SKIPPED, nothing was tested on it: ${redis.unavailable}\n`;
}

function tellTriedAgain(modules: readonly TestModule[]): string {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const flaky = tests.filter((test) => test.diagnostic()?.flaky === true);
  if (flaky.length === 0) return '';
  const count = `${flaky.length} PASSED ONLY WHEN TRIED AGAIN`;
  return `${count}, a race of the test or of the product: look at each\n${flaky.map(describeFlaky).join('')}`;
}

function describeFlaky(test: TestCase): string {
  const failures = (test.result().errors ?? []).map(({ stack, message }) => stack ?? message);
  const lines = failures.join('\n').trimEnd().split('\n').slice(0, 12);
  return `  ${test.module.relativeModuleId} > ${test.fullName}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function countTests(modules: readonly TestModule[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // "pending" at the end of a run: it was to run and did not.
      counts[state === 'pending' ? 'failed' : state] += 1;
    }
    const suites = [...module.children.allSuites()];
    counts.failed += module.errors().length + suites.flatMap((suite) => suite.errors()).length;
  }
  return counts;
}
