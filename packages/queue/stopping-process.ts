// A worker in small, run by queues-in-trouble.test.ts as a process of its own: it says when it holds a doorbell, and
// on SIGTERM lets go of everything. It never calls process.exit: what is left open would keep it alive.
import { openQueues, type QueuesOptions } from './index.ts';

const urls: Omit<QueuesOptions, 'accounts' | 'onError'> = JSON.parse(process.argv[2] ?? '{}');
const queues = await openQueues({ ...urls, accounts: ['alpha'], onError: () => undefined });
const stop = new Promise((resolve) => process.once('SIGTERM', resolve));
const consumer = queues.consume('submit', 'alpha', 1, async () => {
  process.stdout.write('holding\n');
  await stop;
  return {};
});
await stop;
await consumer.close(5_000);
await queues.close();
process.stdout.write('closed\n');
