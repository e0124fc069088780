/** Lets at most `atOnce` callers work at a time; the others wait in line. */
export function turnstile(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let working = 0;
  const line: (() => void)[] = [];
  return async (work) => {
    if (working < atOnce) working += 1;
    else await new Promise<void>((resolve) => line.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next in line without becoming free in between.
      const next = line.shift();
      if (next) next();
      else working -= 1;
    }
  };
}
