import { Socket } from 'node:net';
import pg from 'pg';
import { type ProductRole, settingsAs } from './settings-as.ts';

/**
 * Asks Postgres over a connection made for this one question, and drops it: what those of a pool may all hang on (a line
 * that went dead without a word) says nothing of a new one. Null where no answer came within `deadline_ms`.
 */
export async function lookAfresh<T>(
  url: string,
  role: ProductRole | null,
  deadline_ms: number,
  look: (db: pg.Client) => Promise<T>,
): Promise<T | null> {
  const socket = new Socket();
  const client = new pg.Client({
    ...settingsAs(url, role),
    application_name: 'rollcall look',
    connectionTimeoutMillis: deadline_ms,
    query_timeout: deadline_ms,
    stream: () => socket,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await look(client);
  } catch {
    return null;
  } finally {
    // Not `end`, which waits for the server.
    socket.destroy();
  }
}
