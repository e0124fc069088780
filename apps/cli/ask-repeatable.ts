import type { z } from 'zod';
import {
  ConnectionLost,
  passingStatuses,
  readJson,
  refusalOf,
  retryAfter_ms,
  understood,
  unreachable,
} from './api.ts';
import type { Context } from './context.ts';
import { wait } from './wait.ts';

const tries_max = 6;

/**
 * A POST that asked for twice does what it does once. It is sent again where the API answers that it has no room now, as when many are sent one
 * after the other; a connection that is lost ends the command. Throws CommandFailed.
 */
export async function askRepeatable<Schema extends z.ZodType>(
  { api, output, signal }: Pick<Context, 'api' | 'output' | 'signal'>,
  schema: Schema,
  path: string,
  body: object,
): Promise<{ readonly value: z.output<Schema>; readonly raw: unknown }> {
  for (let tried = 1; ; tried += 1) {
    const answer = await api
      .exchange('POST', path, { body: JSON.stringify(body), signal })
      .catch((error: unknown) => {
        throw error instanceof ConnectionLost ? unreachable(api.url, error) : error;
      });
    if (tried === tries_max || !passingStatuses.has(answer.statusCode)) {
      const raw = await readJson(answer, api.url);
      if (answer.statusCode >= 400) throw refusalOf(answer, raw, api.url);
      return { value: understood(schema, raw, api.url), raw };
    }
    const wait_ms = retryAfter_ms(answer, tried);
    await answer.body.dump();
    output.note(
      `The API answered ${answer.statusCode}; it is asked again in ${Math.ceil(wait_ms / 1_000)} s.`,
    );
    await wait(wait_ms, signal);
  }
}
