import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { accountSchema } from './accounts.ts';
import { buildSimulator } from './app.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'result-port': { type: 'string', default: '0' },
    /** Address to listen on; anybody who reaches it is believed, so only where a network of containers keeps others away. */
    host: { type: 'string' },
    /** Name under which others reach it, for the result URLs. */
    'public-host': { type: 'string' },
    'processing-ms-base': { type: 'string', default: '0' },
    'processing-ms-per-number': { type: 'string', default: '0' },
    'export-ms': { type: 'string', default: '0' },
    'result-url-expires-seconds': { type: 'string', default: '3600' },
    /** A JSON file with a list of accounts, in place of the default ones. */
    accounts: { type: 'string' },
    /** A folder in which tasks, charges and balances outlive the process. */
    'data-directory': { type: 'string' },
    /** Ends when standard input does, so that it cannot outlive a parent that was killed. */
    'until-stdin-ends': { type: 'boolean', default: false },
  },
});

const accounts =
  values.accounts === undefined
    ? {}
    : {
        accounts: z.array(accountSchema).parse(JSON.parse(await readFile(values.accounts, 'utf8'))),
      };

const simulator = buildSimulator({
  ...accounts,
  data_directory: values['data-directory'],
  processing_ms_base: Number(values['processing-ms-base']),
  processing_ms_per_number: Number(values['processing-ms-per-number']),
  export_ms: Number(values['export-ms']),
  result_url_expires_seconds: Number(values['result-url-expires-seconds']),
});

async function stop(): Promise<void> {
  await simulator.stop();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
if (values['until-stdin-ends']) process.stdin.resume().once('end', () => void stop());

const { url, resultUrl } = await simulator.start({
  port: Number(values.port),
  resultPort: Number(values['result-port']),
  host: values.host,
  publicHost: values['public-host'],
});
process.stdout.write(`${JSON.stringify({ url, result_url: resultUrl })}\n`);
