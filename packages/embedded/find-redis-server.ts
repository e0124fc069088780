import { execFile } from 'node:child_process';
import { dirname, isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { runTool } from './run-tool.ts';
import { serversCanReach } from './server-owner.ts';
import { unpackDebian } from './unpack-debian.ts';

export type RedisServer = {
  command: string;
  environment: Record<string, string>;
  /** As the program says it: `redis 7.0.15`, `valkey 8.0.1`. */
  version: string;
};

/** redis-server is a link into redis-tools; the libraries are those that a slim image lacks. */
const debianPackages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];

/** BullMQ 6 recommends 6.2 and warns below it. Source: bullmq's RedisConnection.recommendedMinimumVersion. */
const MINIMUM = { major: 6, minor: 2 };

/**
 * A Redis or Valkey program to run: from the machine, else Debian's packages unpacked into the cache, which installs nothing.
 * The reason names everything that was tried.
 */
export async function findRedisServer(): Promise<RedisServer | { unavailable: string }> {
  const reasons: string[] = [];
  for (const name of ['redis-server', 'valkey-server']) {
    const command = await findOnPath(name);
    if (command === undefined) {
      reasons.push(`${name}: not on the PATH`);
      continue;
    }
    const found = await tryRedisServer(command, {});
    if ('version' in found) return found;
    reasons.push(found.unavailable);
  }
  const unpacked = await unpackDebian('redis', debianPackages, 'usr/bin/redis-server');
  if ('unavailable' in unpacked) reasons.push(unpacked.unavailable);
  else {
    const found = await tryRedisServer(unpacked.command, unpacked.environment);
    if ('version' in found) return found;
    reasons.push(found.unavailable);
  }
  return { unavailable: reasons.join('; ') };
}

/** Absolute path of a program on the caller's own PATH that the server's account can reach. */
async function findOnPath(name: string): Promise<string | undefined> {
  const look = promisify(execFile)('/bin/sh', ['-c', 'command -v "$0"', name]);
  const path = await look.then(({ stdout }) => stdout.trim()).catch(() => '');
  return isAbsolute(path) && (await serversCanReach(dirname(path))) ? path : undefined;
}

/** "Redis server v=7.0.15 sha=…" or "Valkey server v=8.0.1 sha=…"; early Valkey still says "Redis server". */
async function tryRedisServer(
  command: string,
  environment: Record<string, string>,
): Promise<RedisServer | { unavailable: string }> {
  const run = await runTool(command, ['--version'], { environment, timeoutMs: 10_000 });
  if (run.kind === 'failed') return { unavailable: `${command}: ${run.complaint}` };
  const match = /(redis|valkey).*?v=((\d+)\.(\d+)[.\d]*)/i.exec(run.output);
  if (!match) return { unavailable: `${command}: unrecognised --version` };
  const [, name = '', version = '', major, minor] = match;
  const enough =
    Number(major) > MINIMUM.major ||
    (Number(major) === MINIMUM.major && Number(minor) >= MINIMUM.minor);
  if (!enough)
    return {
      unavailable: `${command}: ${version} is older than ${MINIMUM.major}.${MINIMUM.minor}`,
    };
  return { command, environment, version: `${name.toLowerCase()} ${version}` };
}
