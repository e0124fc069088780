import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for this run alone. It goes when the stack is disposed of, and also when we are killed: a shell waits for the end of a pipe
 * that only we hold, and removes it then.
 */
export async function temporaryFolder(opened: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-demo-'));
  const custodian = spawn('/bin/sh', ['-c', 'read -r nothing; rm -rf -- "$0"', folder], {
    // Its own session: Ctrl-C is for us.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  custodian.stdin.on('error', () => undefined);
  const gone = once(custodian, 'exit');
  opened.defer(async () => {
    custodian.stdin.end();
    await gone;
  });
  return folder;
}
