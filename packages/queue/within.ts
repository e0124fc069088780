export type Within<T> = { readonly inTime: true; readonly value: T } | { readonly inTime: false };

/**
 * Waits for `work`, but no longer than `deadline_ms`. The work itself is not stopped: a late value or rejection is
 * dropped. A rejection in time is passed on.
 */
export async function within<T>(work: Promise<T>, deadline_ms: number): Promise<Within<T>> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Within<T>>((resolve) => {
    timer = setTimeout(() => resolve({ inTime: false }), deadline_ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work.then((value): Within<T> => ({ inTime: true, value })),
      deadline,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
