import { chown, lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The account a server runs as; `undefined` means "as whoever runs us". */
export type ServerOwner = { uid: number; gid: number } | undefined;

/** `nobody` on Linux. Postgres insists that /etc/passwd knows the account it runs as, and this one is everywhere. */
const NOBODY = { uid: 65534, gid: 65534 };

/**
 * Postgres refuses to run as root, so a root caller (a container, mostly) hands its servers to `nobody`.
 * Returns undefined for an ordinary user, whose own account serves.
 */
export function serverOwner(): ServerOwner {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** Gives `path` to the server's account; nothing to do when the server runs as ourselves. */
export async function giveToServer(path: string): Promise<void> {
  const owner = serverOwner();
  if (owner) await chown(path, owner.uid, owner.gid);
}

/**
 * Whether the account that the servers run as may walk to `directory`, which must exist.
 * False for anything below root's own home when we are root: choose another place then.
 */
export async function serversCanReach(directory: string): Promise<boolean> {
  const owner = serverOwner();
  if (!owner) return true;
  for (let at = await realpath(directory); ; at = dirname(at)) {
    const { mode, uid } = await lstat(at);
    const searchable = uid === owner.uid ? (mode & 0o100) !== 0 : (mode & 0o001) !== 0;
    if (!searchable) return false;
    if (at === dirname(at)) return true;
  }
}
