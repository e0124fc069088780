import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The files in a directory that a process holds open: their names, those without one as the kernel shows them. What has no name leaves nothing
 * in the directory to be seen, and takes its room until it is closed. Linux only: https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
export async function heldOpenFiles(
  processId: number | undefined,
  directory: string,
): Promise<readonly string[]> {
  const folder = `/proc/${processId}/fd`;
  const files = await Promise.all(
    // One that was closed since it was listed is held no more.
    (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
  );
  return files.filter((file) => file.startsWith(`${directory}/`));
}
