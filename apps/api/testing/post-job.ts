import type { Ground, Json } from './ground.ts';

export type Body = NonNullable<RequestInit['body']>;

/** The options that every job needs. */
export const said = { check: 'telegram', purpose: 'a test', requested_by: 'vitest' };
export const query = new URLSearchParams(said);

export interface Poster {
  post(
    body: Body,
    headers?: Readonly<Record<string, string>>,
    search?: URLSearchParams | null,
  ): Promise<{ readonly response: Response; readonly body: Json }>;
  postJson(body: unknown): Promise<{ readonly response: Response; readonly body: Json }>;
  jobCount(): Promise<number>;
}

/** Posts to `/v1/jobs` as a client with this key would. */
export function posterTo(ground: Ground, authorization: string): Poster {
  const post: Poster['post'] = async (body, headers = {}, search = null) => {
    const response = await fetch(`${ground.url}/v1/jobs?${search?.toString() ?? ''}`, {
      method: 'POST',
      headers: { authorization, ...headers },
      body,
      duplex: 'half',
    });
    return { response, body: await response.json() };
  };
  return {
    post,
    postJson: (body) =>
      post(typeof body === 'string' ? body : JSON.stringify(body), {
        'content-type': 'application/json',
      }),
    async jobCount() {
      const { rows } = await ground.database.query<{ jobs: number }>(
        'SELECT count(*) AS jobs FROM store.jobs',
      );
      return rows[0]?.jobs ?? -1;
    },
  };
}
