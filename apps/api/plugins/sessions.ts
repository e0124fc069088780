import { normalizeIP } from '@fastify/rate-limit';
import {
  type ApiKey,
  type Database,
  endSession,
  findApiKey,
  findSession,
  openSession,
  type Session,
} from '@rollcall/db';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readCookie, setCookie } from '../dashboard/cookies.ts';
import { giveFormToken, originOfForm } from '../dashboard/own-form.ts';
import { dashboardPath, pathAfterSignIn, signInPath, signOutPath } from '../dashboard/paths.ts';
import { signInPage } from '../dashboard/sign-in-page.ts';
import { signOutPage } from '../dashboard/sign-out-page.ts';
import { errorCatalogue, type ErrorCode } from '../errors.ts';
import { allows } from '../key-rights.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { asOwnPage } from './security-headers.ts';

interface SessionOptions {
  readonly database: Database;
  readonly log: Logger;
}

/** Keys that one address may try in a minute and that open nothing. One that does is let in all the same. */
const refusedPerMinute_max = 10;

/**
 * `/admin/login` and `/admin/logout`: a browser shows its key once and gets a cookie for it, which opens the dashboard and nothing else. Every sign-in
 * makes a new session, so that nobody can prepare one for somebody else.
 */
export async function sessionPlugin(
  app: FastifyInstance,
  { database, log }: SessionOptions,
): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4_096 },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  const countRefused = app.createRateLimit({
    max: refusedPerMinute_max,
    timeWindow: 60_000,
    keyGenerator: (request) => normalizeIP(request.ip),
  });

  app.get(signInPath, (request, reply) => sendSignIn(request, reply, dashboardPath, null));

  app.post<{ Body: unknown }>(signInPath, async (request, reply) => {
    const form = formOf(request.body);
    const next = pathAfterSignIn(form.get('next'));
    const turnAway = (code: ErrorCode, problem: string) => {
      request.refusedAs = code;
      log.warn('session.refused', { request: request.id, reason: code });
      void reply.code(errorCatalogue[code].status);
      return sendSignIn(request, reply, next, problem);
    };
    const origin = originOfForm(request, form);
    if (origin.kind !== 'own') return turnAway('forged_request', problems[origin.kind]);
    const key = await findApiKey(database, (form.get('key') ?? '').trim());
    if (!key) {
      const counted = await countRefused(request);
      if (counted.isAllowed || !counted.isExceeded) {
        return turnAway(
          'unauthenticated',
          'This key is mistyped, expired, revoked, or of another installation.',
        );
      }
      void reply.header('retry-after', counted.ttlInSeconds);
      return turnAway(
        'rate_limited',
        `Too many keys were tried. Try again in ${counted.ttlInSeconds} s.`,
      );
    }
    request.apiKey = key;
    if (!allows(key, 'admin')) {
      return turnAway('scope_missing', 'The dashboard needs a key of scope admin.');
    }
    await endShown(request);
    const token = await openSession(database, key);
    log.info('session.opened', { request: request.id, api_key: key.id });
    return reply
      .header('set-cookie', [
        setCookie('rollcall-session', token, origin.isPlain),
        setCookie('rollcall-form', null, origin.isPlain),
      ])
      .redirect(next, 303);
  });

  app.get(signOutPath, async (request, reply) => {
    const session = await sessionOf(database, request);
    if (!session) return reply.redirect(signInPath, 303);
    request.apiKey = session.apiKey;
    return asOwnPage(reply).send(
      signOutPage({
        action: signOutPath,
        token: giveFormToken(request, reply),
        board: dashboardPath,
        name: session.apiKey.name,
        keyId: session.apiKey.id,
        endsAt: session.endsAt.toISOString(),
      }),
    );
  });

  app.post<{ Body: unknown }>(signOutPath, async (request, reply) => {
    const origin = originOfForm(request, formOf(request.body));
    if (origin.kind !== 'own') {
      request.refusedAs = 'forged_request';
      void reply.code(403);
      return sendSignIn(request, reply, dashboardPath, problems[origin.kind]);
    }
    await endShown(request);
    return reply
      .header('set-cookie', setCookie('rollcall-session', null, origin.isPlain))
      .header('clear-site-data', '"cache"')
      .redirect(signInPath, 303);
  });

  async function endShown(request: FastifyRequest): Promise<void> {
    const token = readCookie(request, 'rollcall-session');
    const session = token === null ? null : await findSession(database, token);
    if (token === null || !session) return;
    request.apiKey ??= session.apiKey;
    await endSession(database, session.apiKey.tenantId, token);
    log.info('session.ended', { request: request.id, api_key: session.apiKey.id });
  }
}

const problems = {
  foreign:
    'That form did not come from this page, or your browser keeps no cookies. Try again here.',
  unprotected:
    'Not over plain HTTP, where everybody on the way could read the key: use https, or a tunnel to this machine.',
} as const;

function formOf(body: unknown): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

/** The session of a browser, while it and its key last. */
async function sessionOf(database: Database, request: FastifyRequest): Promise<Session | null> {
  const token = readCookie(request, 'rollcall-session');
  return token === null ? null : findSession(database, token);
}

/** The key of a browser that is signed in. */
export async function keyOfBrowser(
  database: Database,
  request: FastifyRequest,
): Promise<ApiKey | null> {
  return (await sessionOf(database, request))?.apiKey ?? null;
}

/** The answer to a browser that is not signed in: to a person the page to do so, to a script of the board that it is over. */
export function askToSignIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.method !== 'GET' || !(request.headers.accept ?? '').includes('text/html')) {
    const detail = `Sign in at ${signInPath}, or send a key of scope \`admin\` as a bearer.`;
    return sendRefusal(request, reply, refuse('unauthenticated', { detail }));
  }
  request.refusedAs = 'unauthenticated';
  return sendSignIn(request, reply.code(401), pathAfterSignIn(request.url), null);
}

function sendSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  next: string,
  problem: string | null,
): FastifyReply {
  const token = giveFormToken(request, reply);
  return asOwnPage(reply).send(signInPage({ action: signInPath, token, next, problem }));
}
