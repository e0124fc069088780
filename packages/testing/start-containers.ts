import { randomBytes } from 'node:crypto';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { containerImages as images } from './container-images.ts';
import type { TestServer } from './start-servers.ts';

// Imported only by a run that asks for containers: testcontainers and what it brings take a second to load.

/** An image that has to be pulled takes its time. */
const startLimit_ms = 180_000;
const postgresPort = 5432;
const valkeyPort = 6379;

/** Postgres 17 with these server settings; the user of the URL may create databases. Throws where no Docker engine answers. */
export async function startPostgresContainer(
  settings: Record<string, string>,
): Promise<TestServer> {
  const password = randomBytes(24).toString('hex');
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new GenericContainer(images.postgres)
    .withEnvironment({ POSTGRES_USER: 'rollcall', POSTGRES_PASSWORD: password })
    .withCommand(['postgres', ...flags])
    .withExposedPorts(postgresPort)
    // Parallel queries share memory there; Docker's own 64 MB are too little for the larger tests.
    .withSharedMemorySize(268_435_456)
    // Over TCP: while the cluster is being made, a server answers on the socket only.
    .withHealthCheck({
      test: ['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'rollcall'],
      interval: 500,
      timeout: 5_000,
      retries: 240,
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(startLimit_ms)
    .start();
  const address = addressOf(container, postgresPort);
  return server(container, images.postgres, `postgres://rollcall:${password}@${address}/rollcall`);
}

/** Valkey 8 that keeps nothing and evicts nothing. Throws where no Docker engine answers. */
export async function startValkeyContainer(): Promise<TestServer> {
  const password = randomBytes(24).toString('hex');
  const settings = { requirepass: password, 'maxmemory-policy': 'noeviction', save: '' };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const container = await new GenericContainer(images.valkey)
    .withCommand(['valkey-server', ...flags])
    .withExposedPorts(valkeyPort)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .withStartupTimeout(startLimit_ms)
    .start();
  return server(
    container,
    images.valkey,
    `redis://:${password}@${addressOf(container, valkeyPort)}`,
  );
}

/** The name `localhost` may mean ::1 first, where Docker publishes nothing on some machines. */
function addressOf(container: StartedTestContainer, port: number): string {
  const host = container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost();
  return `${host}:${container.getMappedPort(port)}`;
}

function server(container: StartedTestContainer, image: string, url: string): TestServer {
  let stopping: Promise<unknown> | undefined;
  // With its data; may be called again.
  const stop = async (): Promise<void> => {
    await (stopping ??= container.stop({ remove: true, removeVolumes: true, timeout: 10_000 }));
  };
  return { url, description: `a container of ${image}`, stop };
}
