import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackUrl, isPlainLoopback, readCookie, setCookie } from './cookies.ts';

/**
 * That a form was sent by a person from a page of ours, and not by another site through that person's browser. Two locks: what the browser says
 * of where it comes from, which no page can change, and a random token that is in a cookie and in the form, which no other site can read.
 */

const tokenShape = /^[A-Za-z0-9_-]{43}$/;

/** The token for a form that is about to be sent to a browser. One that it has already serves on, for what is open in another tab. */
export function giveFormToken(request: FastifyRequest, reply: FastifyReply): string {
  const before = readCookie(request, 'rollcall-form');
  if (before !== null && tokenShape.test(before)) return before;
  const token = randomBytes(32).toString('base64url');
  void reply.header('set-cookie', setCookie('rollcall-form', token, isPlainLoopback(request)));
  return token;
}

export type FormOrigin =
  /** `isPlain`: over HTTP, on the loopback. */
  | { readonly kind: 'own'; readonly isPlain: boolean }
  | { readonly kind: 'foreign' }
  /** Over HTTP from elsewhere: everybody on the way reads the key, and the browser keeps no cookie. */
  | { readonly kind: 'unprotected' };

/** Where a form comes from, by its browser's word and its token. */
export function originOfForm(request: FastifyRequest, form: URLSearchParams): FormOrigin {
  const { origin, host } = request.headers;
  if (origin === undefined || !URL.canParse(origin)) return { kind: 'foreign' };
  const site = request.headers['sec-fetch-site'];
  // A proxy may have changed `Host`; a browser that knows better says so. It does over https and on the loopback.
  const isOwn = site === undefined ? new URL(origin).host === host : site === 'same-origin';
  if (!isOwn) return { kind: 'foreign' };
  const isPlain = isLoopbackUrl(origin);
  if (!isPlain && new URL(origin).protocol !== 'https:') return { kind: 'unprotected' };
  const shown = form.get('token') ?? '';
  const given = readCookie(request, 'rollcall-form') ?? '';
  const isSame =
    tokenShape.test(shown) &&
    tokenShape.test(given) &&
    timingSafeEqual(Buffer.from(shown), Buffer.from(given));
  return isSame ? { kind: 'own', isPlain } : { kind: 'foreign' };
}
