import { expect, test } from 'vitest';
import { runTool } from './run-tool.ts';
import { tools } from './tools.ts';

// So that one command, `test`, tells whether the repository is sound, in its own count.
test.each(tools)('pnpm check finds nothing: $holds', async (tool) => {
  const { passed, output } = await runTool(tool);
  expect(passed, output).toBe(true);
});
