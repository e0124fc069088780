import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSuppressionSecrets } from '@rollcall/config';
import { checkSuppressionSecrets, type Database } from '@rollcall/db';
import { numberDigests } from '@rollcall/privacy';
import { CannotStart } from './cannot-start.ts';

/**
 * The secrets of this installation's suppression list: the first is made with its first start and kept beside its data, where only its owner reads it.
 * Whoever loses it cannot read the list, and a new one in its place would let every number on it be sent; so none is made while the database has
 * something under another, which is a `CannotStart` that names the file, as is a file that the database does not know.
 */
export async function suppressionSecret(database: Database, folder: string): Promise<string> {
  const path = join(folder, 'suppression-secret');
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (kept === null) {
    const needed = await checkSuppressionSecrets(database, numberDigests([]));
    if (needed.length > 0) throw lost(`${path} is not there`, needed);
    // With an id of its own: one that was made here before, and lost before it was needed, is known by its id.
    const secret = `local-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('hex')}`;
    await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    return secret;
  }
  const read = readSuppressionSecrets(kept);
  if (!read.ok) throw new CannotStart(`${path} cannot be used: ${read.problem}`);
  const wrong = await checkSuppressionSecrets(database, numberDigests(read.secrets));
  if (wrong.length > 0) throw lost(`${path} is not the one that these data need`, wrong);
  return kept.trim();
}

function lost(what: string, problems: readonly string[]): CannotStart {
  const lines = problems.map((problem) => `  ${problem.replace(/^\w+: /, '')}\n`).join('');
  return new CannotStart(
    `${what}:\n${lines}Put the file back as it was, from a backup or from the folder's earlier place; no new secret was made. Whoever has it no longer can only begin anew, with another folder (--data).`,
  );
}
