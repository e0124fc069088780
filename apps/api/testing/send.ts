import type { Json } from './ground.ts';

/** Sends a request with a JSON body, or none, as a client with this key would. */
export function senderTo({ url }: { readonly url: string }, authorization: string) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly response: Response; readonly body: Json }> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, response, body: (await response.json()) as Json };
  };
}
