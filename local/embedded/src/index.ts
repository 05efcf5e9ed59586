export { type Child, spawnChild } from './child.ts';
export { defaultCacheDir } from './cache.ts';
export { findNatsServer, type FindNatsServerOptions, type NatsServer } from './nats-binary.ts';
export {
  type NatsCluster,
  type NatsOptions,
  type NatsProcess,
  type NatsUser,
  startNats,
} from './nats-server.ts';
export { freePort, portIsFree } from './ports.ts';
export { type PostgresOptions, type PostgresProcess, startPostgres } from './postgres.ts';
export { natsRelease } from './nats-release.ts';
