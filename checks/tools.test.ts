import { expect, test } from 'vitest';
import { runTool } from './run-tool.ts';
import { tools } from './tools.ts';

/** Beside a whole suite on two cores, the slowest tools need half a minute. */
const LIMIT_MS = 180_000;

// So that one command, `test`, tells whether the repository is sound, in its own count.
test.each(tools)('pnpm check finds nothing: $holds', { timeout: LIMIT_MS }, async (tool) => {
  const { passed, output } = await runTool(tool);
  expect(passed, output).toBe(true);
});
