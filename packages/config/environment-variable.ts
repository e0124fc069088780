import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export type VariableRead =
  | { readonly ok: true; readonly value: string | null }
  | { readonly ok: false; readonly problem: string };

/**
 * A variable, or the file that `<name>_FILE` names (how container platforms hand over secrets); null where neither is
 * set. An empty variable counts as not set, as compose files write it. Problems never hold the value.
 */
export function readVariable(name: string, env: Environment): VariableRead {
  const value = env[name] || null;
  const path = env[`${name}_FILE`] || null;
  if (path === null) return { ok: true, value };
  if (value !== null) {
    return { ok: false, problem: `${name}: set together with ${name}_FILE; keep one of them` };
  }
  return readSecretFile(`${name}_FILE`, path);
}

/** The content of a file without the line end that editors leave; `name` is what the problem calls it. */
export function readSecretFile(name: string, path: string): VariableRead {
  try {
    const value = readFileSync(path, 'utf8').trim();
    if (value !== '') return { ok: true, value };
    return { ok: false, problem: `${name}: the file ${path} is empty; write the value into it` };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { ok: false, problem: `${name}: cannot read ${path} (${code}); check path and rights` };
  }
}
