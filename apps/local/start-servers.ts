import { once } from 'node:events';
import {
  disposableSettings,
  type EmbeddedPostgres,
  type EmbeddedRedis,
  keptSettings,
  startEmbeddedPostgres,
  startRedis,
} from '@rollcall/embedded';
import { CannotStart } from './cannot-start.ts';
import { rememberedPort, rememberPort } from './remembered-port.ts';
import { type Child, ChildFailed } from './start-child.ts';
import type { Supervise } from './supervise.ts';

/** Nothing of a demo is worth an fsync. */
const forgetful = { ...disposableSettings, synchronous_commit: 'off' };

export interface Server {
  readonly child: Child;
  readonly url: string;
}

/**
 * Postgres on a folder, or, for null, a temporary one as fast as it can be. One that is started in place of another has its data, its
 * password and its port, so that whoever was connected finds it again.
 */
export async function startPostgres(
  supervise: Supervise,
  kept: { readonly dataDirectory: string; readonly portFolder: string } | null,
): Promise<Server> {
  let url = '';
  const child = await supervise(async (stopped) => {
    const server = await unlessStopped(
      stopped,
      startEmbeddedPostgres(
        kept === null
          ? { settings: forgetful }
          : {
              settings: keptSettings,
              dataDirectory: kept.dataDirectory,
              port: url === '' ? await rememberedPort(kept.portFolder) : Number(new URL(url).port),
            },
      ),
    );
    ({ url } = server);
    return asChild('Postgres server', server);
  }, []);
  if (kept !== null) await rememberPort(kept.portFolder, url);
  return { child, url };
}

/** `version`: `redis 7.0.15`. Throws CannotStart where this machine has none. */
export async function startKeptRedis(
  supervise: Supervise,
  dataDirectory: string,
): Promise<Server & { readonly version: string }> {
  let first: EmbeddedRedis | undefined;
  const child = await supervise(async (stopped) => {
    const inPlaceOf = first && { inPlaceOf: first.url };
    const redis = await unlessStopped(stopped, startRedis({ dataDirectory, ...inPlaceOf }));
    if ('unavailable' in redis) throw new CannotStart(`No Redis to be had: ${redis.unavailable}`);
    first ??= redis;
    return asChild('Redis server', redis);
  }, []);
  return { child, url: first?.url ?? '', version: first?.version ?? '' };
}

function asChild(name: string, server: EmbeddedPostgres | EmbeddedRedis): Child {
  return { name, logPath: server.logPath, ended: server.ended, stop: server.stop };
}

/** A server may take its time to come up, and a stop has none: one that comes up too late is stopped when it does. */
async function unlessStopped<Started extends { stop(): Promise<void> } | { unavailable: string }>(
  stopped: AbortSignal,
  starting: Promise<Started>,
): Promise<Started> {
  const abandoned = once(stopped, 'abort').then((): never => {
    void starting
      .then(async (late) => ('stop' in late ? late.stop() : undefined))
      .catch(() => undefined);
    throw new ChildFailed('It was stopped at its start.', null);
  });
  return Promise.race([starting, abandoned]);
}
