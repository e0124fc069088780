import { subscribe } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';

const callsOf = new WeakMap<FastifyInstance, Set<string>>();
// As they are registered: the tree that Fastify prints leaves out what is in front of a wildcard.
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance };
  const calls = new Set<string>();
  callsOf.set(fastify, calls);
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD') calls.add(`${each} ${url}`);
  });
});

/** Every call that a server takes, as `GET /v1/jobs/:id`; without HEAD. Import this before the server is made. */
export function registeredCalls(app: FastifyInstance): string[] {
  return [...(callsOf.get(app) ?? [])];
}
