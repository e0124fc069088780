import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Environment } from './environment-variable.ts';

/**
 * Where this account's programs keep their data: `$XDG_DATA_HOME`, else `~/.local/share`. A relative path there is to be ignored, says
 * the XDG Base Directory Specification.
 */
export function dataHome(env: Environment = process.env): string {
  const given = env['XDG_DATA_HOME'] ?? '';
  return isAbsolute(given) ? given : join(homedir(), '.local', 'share');
}
