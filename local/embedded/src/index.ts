export { type Child, type Exit, spawnChild } from './child.ts';
export { findProgram } from './debian-package.ts';
export { isThere, makeTempDir, removeAll, scratchDir } from './files.ts';
export { findNatsServer, natsRelease } from './nats-binary.ts';
export { type NatsCluster, type NatsOptions, type NatsUser, startNats } from './nats-server.ts';
export { poll } from './poll.ts';
export { freePort, portIsFree } from './ports.ts';
export { type PostgresOptions, startPostgres } from './postgres.ts';
export { copyTemplate } from './postgres-cluster.ts';
