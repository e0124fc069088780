import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@rollcall/db';

const role = 'rollcall_reader';
const fileName = 'reader-password';
const shape = /^[0-9a-f]{64}$/;

/**
 * A role for whoever queries: it reads the documented views, in them the rows of the one tenant that it is bound to, and changes nothing of Rollcall. What holds
 * it is its rights and the owner's table of readers, and no setting, which anybody may set for himself. It may make temporary tables, which only its
 * own session sees and which end with it: that is how people put a list of theirs beside the results. Its password is kept in the folder, so that a client
 * stays set up. Takes the owner's URL and returns the role's.
 */
export async function openToReaders(
  database: Database,
  ownerUrl: string,
  folder: string,
): Promise<string> {
  const password = await keptPassword(join(folder, fileName));
  await database.transaction('local.open_to_readers', async (tx) => {
    const { rowCount } = await tx.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    const here = await tx.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
    // No parameters in DDL; the password is hexadecimal digits, which need no quoting. Earlier versions gave it tables itself, and made its sessions
    // read-only by a setting, in which no temporary table can be made.
    await tx.query(`
      ${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${password}';
      ALTER ROLE ${role} RESET default_transaction_read_only;
      REVOKE ALL ON ALL TABLES IN SCHEMA rollcall, store FROM ${role};
      GRANT TEMPORARY ON DATABASE ${here.rows[0]?.name} TO ${role}`);
    await tx.query("SELECT store.let_read($1, 'default')", [role]);
  });
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = password;
  return url.href;
}

async function keptPassword(path: string): Promise<string> {
  const kept = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (shape.test(kept)) return kept;
  const made = randomBytes(32).toString('hex');
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  return made;
}
