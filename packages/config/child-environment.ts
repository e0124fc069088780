import type { Environment } from './environment-variable.ts';

/**
 * The environment of a process that another one of ours starts: what that one was given, with `settings` in place of its own and
 * without their `_FILE` forms, which would contradict them. `undefined` takes a setting away.
 */
export function childEnvironment(
  settings: Environment,
  inherited: Environment = process.env,
): Record<string, string | undefined> {
  const environment = { ...inherited };
  for (const [name, value] of Object.entries(settings)) {
    environment[name] = value;
    delete environment[`${name}_FILE`];
  }
  return environment;
}
