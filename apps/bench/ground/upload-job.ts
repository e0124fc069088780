import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Site } from './open-site.ts';

/** Sends a text file of numbers as a job, as any client does; resolves with the job's id at the 202. */
export async function uploadJob(
  site: Pick<Site, 'apiUrl' | 'apiKey'>,
  path: string,
  options: Readonly<Record<string, string>>,
): Promise<string> {
  const query = new URLSearchParams({ purpose: 'bench', requested_by: 'bench', ...options });
  const call = request(`${site.apiUrl}/v1/jobs?${query.toString()}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${site.apiKey}`,
      'content-type': 'text/plain',
      'content-length': (await stat(path)).size,
    },
  });
  const answered = new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    call.once('error', reject);
    call.once('response', (response) => {
      const status = response.statusCode ?? 0;
      json(response).then((body) => resolve({ status, body }), reject);
    });
  });
  // Where the upload is refused before its end, the answer says why.
  const sent = pipeline(createReadStream(path, { highWaterMark: 256 * 1_024 }), call);
  sent.catch(() => undefined);
  const { status, body } = await answered;
  if (status !== 202) throw new Error(`the upload was answered ${status}: ${JSON.stringify(body)}`);
  return (body as { id: string }).id;
}
