/** Where the pages of the dashboard are. */
export const dashboardPath = '/admin/queues';
export const holdsPath = `${dashboardPath}/holds`;
export const signInPath = '/admin/login';
export const signOutPath = '/admin/logout';

export function chunkPath(chunkId: string): string {
  return `${dashboardPath}/chunk/${chunkId}`;
}

/** Where a browser goes once it is signed in: a path of the dashboard, whatever was asked for. */
export function pathAfterSignIn(asked: string | null): string {
  const isOurs = /^\/admin\/queues(?:[/?][\w.~\-/?=&%]*)?$/.test(asked ?? '');
  return asked !== null && isOurs ? asked : dashboardPath;
}
