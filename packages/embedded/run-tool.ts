import { execFile } from 'node:child_process';
import type { ServerOwner } from './server-owner.ts';

/** How a short-lived program ended. `failed` carries what it complained about, or why it could not run. */
export type ToolRun = { kind: 'ok'; output: string } | { kind: 'failed'; complaint: string };

export type ToolOptions = {
  /** `/` when absent: the account that the tool runs as may not enter ours. */
  cwd?: string;
  environment?: Record<string, string>;
  owner?: ServerOwner;
  timeoutMs: number;
};

/** Servers come from distributions' packages, Homebrew or MacPorts; some put daemons into sbin. */
const SEARCH_PATH =
  '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/opt/local/bin';

/** Runs a program to its end, with nothing of our environment. Its failure is a value; never throws. */
export function runTool(command: string, given: string[], options: ToolOptions): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(
      command,
      given,
      {
        cwd: options.cwd ?? '/',
        env: { PATH: SEARCH_PATH, LC_ALL: 'C', ...options.environment },
        timeout: options.timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
        ...options.owner,
      },
      (error, stdout, stderr) => {
        if (!error) resolve({ kind: 'ok', output: stdout });
        else resolve({ kind: 'failed', complaint: stderr.trim().slice(-500) || error.message });
      },
    );
  });
}
