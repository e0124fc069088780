import { createTestDatabase } from '@rollcall/testing';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { expect, onTestFinished, test } from 'vitest';
import { recordTransactions } from './record-transactions.ts';
import { replayTransactions } from './replay-transactions.ts';

const role = 'rollcall_worker';

async function database(): Promise<{ url: string; rows(): Promise<readonly unknown[]> }> {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  await asked(url, `CREATE TABLE public.said (n integer); GRANT ALL ON public.said TO ${role}`);
  return { url, rows: () => asked(url, 'SELECT n FROM public.said ORDER BY n') };
}

async function asked(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

async function connected(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    options: `-c role=${role}`,
  });
  await client.connect();
  return client;
}

test('what an application said to one database is said to another: transactions, kept plans and rows of a COPY, and nobody else', async () => {
  const [first, second] = await Promise.all([database(), database()]);
  const recorder = await recordTransactions(first.url, 'recorded');
  const [one, other, stranger] = [
    await connected(recorder.url, 'recorded'),
    await connected(recorder.url, 'recorded'),
    await connected(recorder.url, 'another'),
  ];
  const insert = { name: 'insert', text: 'INSERT INTO public.said VALUES ($1)' };
  await one.query('BEGIN');
  await one.query({ ...insert, values: [1] });
  const copying = one.query(copyFrom('COPY public.said FROM STDIN'));
  copying.end('2\n3\n');
  await new Promise((resolve) => copying.on('finish', resolve));
  await one.query('COMMIT');
  // It finds rows only where the one above has ended.
  await other.query('UPDATE public.said SET n = n + 10');
  await one.query({ ...insert, values: [4] });
  await stranger.query('INSERT INTO public.said VALUES (99)');
  await other.query('nonsense').catch(() => undefined);
  await Promise.all([one.end(), other.end(), stranger.end()]);
  await recorder.close();
  expect(recorder.transactions.map(({ errors }) => errors)).toEqual([0, 0, 0, 1]);

  await replayTransactions(second.url, role, recorder.transactions);
  expect(await second.rows()).toEqual([{ n: 4 }, { n: 11 }, { n: 12 }, { n: 13 }]);
  expect(await first.rows()).toHaveLength(5);

  await asked(second.url, 'DROP TABLE public.said');
  await expect(replayTransactions(second.url, role, recorder.transactions)).rejects.toThrow('fail');
});
