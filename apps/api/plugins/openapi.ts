import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import {
  fastifyZodOpenApiPlugin,
  fastifyZodOpenApiTransformers,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-zod-openapi';
import { type ApiDocument, completeDocument } from '../openapi/complete-document.ts';
import { pageContent } from './security-headers.ts';

const description = `Bulk checks of phone numbers: a job in, one answered row per number out.

Errors are problem documents (RFC 9457) with a stable \`code\`. Lists are paged with opaque cursors.`;

/** A ticked box, where the library has its own mark. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#1f4e5f"/>' +
  '<path d="M8 17l6 6L25 10" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>';

type Serializer = ReturnType<typeof serializerCompiler>;
const serializers = new WeakMap<object, Serializer>();

/**
 * Most responses of all routes are the same few problems: compiled for each route and status anew they take 2.5 of the 3.2 s of CPU that
 * the API's start does. An answer that does not fit its schema names the first route that has it; the log's line names its own.
 */
const onceASchema: typeof serializerCompiler = (route) => {
  const made = serializers.get(route.schema) ?? serializerCompiler(route);
  serializers.set(route.schema, made);
  return made;
};

/** Routes are validated, serialised and described by the same zod schemas: OpenAPI 3.1 at /openapi.json, a page at /docs. */
export const openApiPlugin = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.setValidatorCompiler(validatorCompiler);
    app.setSerializerCompiler(onceASchema);
    await app.register(fastifyZodOpenApiPlugin);
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Rollcall API', version: '1', description },
        servers: [{ url: '/', description: 'The server that this document comes from.' }],
        components: {
          securitySchemes: {
            key: { type: 'http', scheme: 'bearer', description: 'An API key, `rc_live_…`.' },
          },
        },
      },
      // The dashboard is a page with calls of its own.
      transform: (route) =>
        route.url.startsWith('/admin/')
          ? { schema: { hide: true }, url: route.url }
          : fastifyZodOpenApiTransformers.transform(route),
      transformObject: (document) =>
        // Swagger's types allow for documents that we never ask it for.
        completeDocument(
          fastifyZodOpenApiTransformers.transformObject(document) as unknown as ApiDocument,
        ) as never,
    });
    await app.register(async (page: FastifyInstance) => {
      pageContent(page);
      await page.register(swaggerUi, {
        routePrefix: '/docs',
        theme: {
          title: 'Rollcall API',
          favicon: [
            {
              filename: 'rollcall.svg',
              rel: 'icon',
              type: 'image/svg+xml',
              sizes: 'any',
              content: icon,
            },
          ],
        },
        // The badge of swagger.io would be asked about our address; the bare layout has no bar with its logo.
        uiConfig: {
          validatorUrl: null,
          docExpansion: 'list',
          persistAuthorization: false,
          layout: 'BaseLayout',
        },
      });
    });
    app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
      reply.type('application/json').send(app.swagger()),
    );
  },
  { name: 'openapi' },
);
