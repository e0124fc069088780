/**
 * Asks of this Postgres once whether it may be worked with: whether its walls between tenants bind us, and it keeps what it acknowledges. What
 * is returned says whether it has said so, and asks again as long as it has not, since a process may start while Postgres is away. Rejects where
 * Postgres cannot be asked; `refused` is told what is wrong with it.
 */
export function firstLook(
  look: () => Promise<readonly string[]>,
  refused: (problems: readonly string[]) => void,
): () => Promise<boolean> {
  let isFine = false;
  let looking: Promise<boolean> | null = null;
  const lookOnce = async () => {
    const problems = await look();
    isFine = problems.length === 0;
    if (!isFine) refused(problems);
    return isFine;
  };
  return async () => {
    if (isFine) return true;
    looking ??= lookOnce().finally(() => (looking = null));
    return looking;
  };
}
