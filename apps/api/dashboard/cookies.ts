import type { FastifyRequest } from 'fastify';

/**
 * Cookies of the dashboard. Over https they are `__Host-…` and Secure: no other host can set or read them. A browser keeps such a cookie over plain HTTP
 * of no address, so that on the loopback, where `start` is, they have plain names. Whether it came over https the server behind a proxy is told
 * by nobody for sure; a request that claims the loopback and came from elsewhere gets cookies that are of no use there.
 */
export type CookieName = 'rollcall-session' | 'rollcall-form';

/** The value of a cookie that this server set; null: there is none. */
export function readCookie(request: FastifyRequest, name: CookieName): string | null {
  const given = new Map(
    (request.headers.cookie ?? '').split(';').map((pair): [string, string] => {
      const [key = '', ...value] = pair.split('=');
      return [key.trim(), value.join('=').trim()];
    }),
  );
  const own = isPlainLoopback(request) ? given.get(name) : undefined;
  return given.get(`__Host-${name}`) ?? own ?? null;
}

/** `Set-Cookie` of a value that has no character to be escaped; null takes the cookie away. `isPlain`: over HTTP, on the loopback. */
export function setCookie(name: CookieName, value: string | null, isPlain: boolean): string {
  const parts = [
    `${isPlain ? name : `__Host-${name}`}=${value ?? ''}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    ...(isPlain ? [] : ['Secure']),
    // Else it lasts until the browser is closed, and its session no longer than that allows.
    ...(value === null ? ['Max-Age=0'] : []),
  ];
  return parts.join('; ');
}

/** Whether a browser speaks plain HTTP to this very machine, as far as the request tells. */
export function isPlainLoopback({ headers }: FastifyRequest): boolean {
  const isForwarded = String(headers['x-forwarded-proto'] ?? '').startsWith('https');
  return !isForwarded && isLoopbackUrl(`http://${headers.host ?? ''}`);
}

/** Whether this is an `http:` URL of the machine itself. */
export function isLoopbackUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
