export { type SpawnedProcess, type Exit, spawnChild } from './child.ts';
export { findProgram, findProgramWithLibraries } from './debian-package.ts';
export { exists, makeTempDir, removeAll, scratchDir } from './files.ts';
export { findNatsServer, natsRelease, natsReleases } from './nats-binary.ts';
export { type NatsCluster, type NatsOptions, type NatsUser, startNats } from './nats-server.ts';
export { copyTemplate, type PostgresOptions, startPostgres } from './postgres.ts';
export { freePort, poll, portIsFree } from './system.ts';
