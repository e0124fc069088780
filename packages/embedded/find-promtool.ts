import { runTool, type ToolRun } from './run-tool.ts';
import { unpackDebian } from './unpack-debian.ts';

/** Prometheus' own checker of rules, their tests, configurations and scrapes. */
export interface Promtool {
  /** As it says it: `2.42.0`. */
  readonly version: string;
  run(flags: readonly string[], cwd: string): Promise<ToolRun>;
}

const runLimitMs = 60_000;

/** promtool from the PATH, else Debian's package unpacked into the cache, which installs nothing; else the reason. */
export async function findPromtool(): Promise<Promtool | { readonly unavailable: string }> {
  const installed = await tryPromtool('promtool', {});
  if ('version' in installed) return installed;
  const unpacked = await unpackDebian('prometheus', ['prometheus'], 'usr/bin/promtool');
  if ('unavailable' in unpacked) {
    return { unavailable: `promtool: not on the PATH; ${unpacked.unavailable}` };
  }
  return tryPromtool(unpacked.command, unpacked.environment);
}

async function tryPromtool(
  command: string,
  environment: Record<string, string>,
): Promise<Promtool | { readonly unavailable: string }> {
  const run = (flags: readonly string[], cwd: string) =>
    runTool(command, [...flags], { cwd, environment, timeoutMs: runLimitMs });
  const asked = await run(['--version'], '/');
  if (asked.kind === 'failed') return { unavailable: `${command}: ${asked.complaint}` };
  const [, version] = /promtool, version ([\d.]+)/.exec(asked.output) ?? [];
  return version === undefined
    ? { unavailable: `${command}: unrecognised --version` }
    : { version, run };
}
