import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Tool } from './tools.ts';

const root = join(import.meta.dirname, '..');

/** Runs a tool to its end. `output` is all that it wrote, errors first. Throws when it cannot be started. */
export async function runTool(tool: Tool): Promise<{ passed: boolean; output: string }> {
  const child = spawn(join(root, 'node_modules/.bin', tool.command), tool.arguments, {
    cwd: root,
    // Checking code is nobody's business but ours.
    env: { ...process.env, DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [errors, output, [code]] = await Promise.all([
    text(child.stderr),
    text(child.stdout),
    once(child, 'close'),
  ]);
  return { passed: code === 0, output: `${errors}${output}`.trim() };
}
