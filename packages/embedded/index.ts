export { disposableSettings } from './disposable-settings.ts';
export { findPromtool, type Promtool } from './find-promtool.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './start-embedded-postgres.ts';
export { type EmbeddedRedis, startRedis } from './start-redis.ts';
export { keptSettings } from './kept-settings.ts';
export { serversCanReach } from './server-owner.ts';
