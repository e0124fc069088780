import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** Listens on a port of 127.0.0.1 until the test ends; where somebody else does already, that is as good. */
export async function takePort(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
}
