import type { Ground, Json } from './ground.ts';

export interface Exported {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** The objects of ndjson. */
  readonly objects: () => Json[];
  /** The cells of csv; for tables without line breaks in cells. */
  readonly cells: () => string[][];
}

/** Downloads an export whole. `query` as in the URL. */
export async function exportOf(
  ground: Ground,
  authorization: string,
  jobId: string,
  query = '',
): Promise<Exported> {
  const response = await fetch(`${ground.url}/v1/jobs/${jobId}/export?${query}`, {
    headers: { authorization },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    objects: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line): Json => JSON.parse(line)),
    cells: () =>
      text
        .split('\r\n')
        .slice(0, -1)
        .map((line) => line.split(',')),
  };
}
