import type pg from 'pg';

/** What Postgres says to a statement of a transaction in which one before it failed. */
const inFailedTransaction = '25P02';

/**
 * Statements, of a transaction or not, that are said one behind the other, without waiting for each one's answer: a round trip for all of them, and so much less time in which
 * others wait for the locks that it holds. They run in this order. None may need another's answer, nor be left out because of it.
 *
 * All are waited for, also where one fails, so that nothing is said any more when the transaction is rolled back and its connection handed on.
 * @throws what the first of them failed with, and not what the others say of that
 */
export async function together<Answers extends readonly unknown[]>(
  ...said: { readonly [Index in keyof Answers]: Promise<Answers[Index]> }
): Promise<Answers> {
  const settled = await Promise.allSettled(said);
  const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  const [first] = failures.toSorted(
    (one, other) => Number(isOfAnother(one)) - Number(isOfAnother(other)),
  );
  if (first !== undefined) throw first;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each in its place
  return settled.map(
    (each) => (each as PromiseFulfilledResult<unknown>).value,
  ) as unknown as Answers;
}

function isOfAnother(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === inFailedTransaction;
}

/**
 * Has a connection's statements that are said in one breath written at once: those of `together`, and a transaction's BEGIN with its first. Each written by itself was a call
 * into the kernel and a turn of the server's, and that was a third of a worker's own processor time; for connections in pipeline mode alone.
 */
export function writeTogether(pool: pg.Pool): void {
  pool.on('connect', (client) => {
    const { stream } = (client as unknown as pg.Client).connection;
    const query = client.query.bind(client) as (...asked: unknown[]) => unknown;
    let isHeld = false;
    client.query = ((...asked: unknown[]) => {
      if (!isHeld) {
        isHeld = true;
        stream.cork();
        // Behind what else is said before this process waits for something.
        process.nextTick(() => {
          isHeld = false;
          stream.uncork();
        });
      }
      return query(...asked);
    }) as typeof client.query;
  });
}
