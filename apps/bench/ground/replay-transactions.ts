import type { Socket } from 'node:net';
import pg from 'pg';
import { Frames, type RecordedTransaction } from './record-transactions.ts';

interface Line {
  say(transaction: RecordedTransaction): Promise<number>;
  end(): Promise<void>;
}

/**
 * Says recorded transactions again, to a copy of the database that they were said to: the bytes of each, on as many connections, each as soon
 * as all that ended before it began have ended. That is what they cost without a queue, a worker and a provider around them.
 * @param role that each statement ran as
 * @throws where more of them fail than did
 */
export async function replayTransactions(
  url: string,
  role: string,
  recorded: readonly RecordedTransaction[],
): Promise<void> {
  const lines = new Map<number, Line>();
  try {
    for (const { connection } of recorded)
      if (!lines.has(connection)) lines.set(connection, await openLine(url, role));
    const atWork = new Map<RecordedTransaction, Promise<void>>();
    let errors = 0;
    for (const transaction of recorded.toSorted((a, b) => a.begun - b.begun)) {
      const before = [...atWork].filter(([{ ended }]) => ended < transaction.begun);
      await Promise.all(before.map(([, done]) => done));
      for (const [each] of before) atWork.delete(each);
      const line = lines.get(transaction.connection);
      if (line === undefined) throw new Error('no line');
      const said = line.say(transaction).then((failed) => {
        errors += failed - transaction.errors;
      });
      atWork.set(transaction, said);
    }
    await Promise.all(atWork.values());
    if (errors > 0) throw new Error(`${errors} statements fail when they are said again`);
  } finally {
    await Promise.all([...lines.values()].map((line) => line.end()));
  }
}

/** A connection that pg has opened and signed in, and that then is spoken on as the recorded bytes say. */
async function openLine(url: string, role: string): Promise<Line> {
  const client = new pg.Client({ connectionString: url, options: `-c role=${role}` });
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  const isBroken = Promise.withResolvers<never>();
  isBroken.promise.catch(() => undefined);
  stream.on('close', () => isBroken.reject(new Error('Postgres ended a connection')));
  client.on('error', () => undefined);
  // To statements that were said together the answers come together.
  const answers: string[] = [];
  let wake: () => void = () => undefined;
  let errors = 0;
  const frames = new Frames((type) => {
    if (type === 'E') errors += 1;
    if (type !== 'Z' && type !== 'G') return;
    answers.push(type);
    wake();
  });
  stream.on('data', (bytes: Buffer) => frames.read(bytes));
  return {
    async say({ exchanges }) {
      errors = 0;
      for (const { said, answer: expected } of exchanges) {
        for (const bytes of said) stream.write(bytes);
        if (answers.length === 0) {
          const isAnswered = new Promise<void>((resolve) => {
            wake = resolve;
          });
          await Promise.race([isAnswered, isBroken.promise]);
        }
        // Postgres takes no rows, and would answer to them no more.
        if (answers.shift() !== expected) throw new Error('a COPY fails when it is said again');
      }
      return errors;
    },
    async end() {
      stream.destroy();
    },
  };
}
