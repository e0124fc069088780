import { styleText } from 'node:util';
import { runTool } from './run-tool.ts';
import { tools } from './tools.ts';

// `pnpm check`: all tools at once, since the slow ones wait for different things. What failed is printed whole.

const started = performance.now();
const runs = await Promise.all(
  tools.map(async (tool) => {
    const run = await runTool(tool);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    const mark = run.passed ? styleText('green', 'ok    ') : styleText('red', 'failed');
    process.stdout.write(`${mark} ${tool.holds} (${tool.command}, after ${seconds} s)\n`);
    return { tool, ...run };
  }),
);
const failed = runs.filter((run) => !run.passed);
for (const { tool, output } of failed) {
  const call = [tool.command, ...tool.arguments].join(' ');
  process.stdout.write(`\n${styleText('bold', `${tool.holds}: ${call}`)}\n${output}\n`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
