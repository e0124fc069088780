import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveToServer, serverOwner, serversCanReach } from './server-owner.ts';

/** Where one server's files lie. A temporary one belongs to the server's account and goes with the server. */
export type ServerDirectory = { path: string; temporary: boolean };

/**
 * Makes the directory of a server: the given one, kept, or a temporary one named after `name`.
 * A kept one stays ours; only what the server must write is given to its account, one level below.
 */
export async function prepareServerDirectory(
  name: string,
  given: string | undefined,
): Promise<ServerDirectory> {
  const temporary = given === undefined;
  const path = given ?? (await mkdtemp(join(tmpdir(), `rollcall-${name}-`)));
  if (temporary) await giveToServer(path);
  else await mkdir(path, { recursive: true, mode: 0o711 });
  if (await serversCanReach(path)) return { path, temporary };
  throw new Error(
    `${path} cannot be reached by uid ${serverOwner()?.uid}, which ${name} runs as because we are root. ` +
      `Choose a directory that others may walk to, such as /var/lib/rollcall, or let them: chmod 755 ${path}, and what it lies in.`,
  );
}
