import type { AccountEntry } from './accounts-schema.ts';
import { type Environment, readSecretFile, readVariable } from './environment-variable.ts';

type KeyRead =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly problem: string };

/** The key that an entry refers to. A problem names where it was looked for, never what was found. */
export function readKey(id: string, entry: AccountEntry, env: Environment): KeyRead {
  const path = `accounts.${id}`;
  const read =
    entry.key_file === undefined
      ? readVariable(entry.key_env ?? '', env)
      : readSecretFile(`${path}.key_file`, entry.key_file);
  if (!read.ok) return read;
  if (read.value === null) {
    const problem = `${path}.key_env: ${entry.key_env} is not set; set it or ${entry.key_env}_FILE, or write enabled: false`;
    return { ok: false, problem };
  }
  if (!/^[\x21-\x7e]+$/.test(read.value)) {
    const where = entry.key_file === undefined ? 'key_env' : 'key_file';
    const problem = `${path}.${where}: the key has spaces or characters that no HTTP header takes; check how it was copied`;
    return { ok: false, problem };
  }
  return { ok: true, value: read.value };
}
