import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '@paceline/embedded';
import { contenders, ours } from '../contenders/all.ts';
import { postgresVersion } from '../servers/postgres.ts';
import { redisVersion } from '../servers/redis.ts';

/** What the numbers depend on, by its name. */
export type Machine = Readonly<Record<string, string>>;

const packages = join(import.meta.dirname, '../../node_modules');

export async function describeMachine(): Promise<Machine> {
  const { version: nats } = await findNatsServer({ report: () => undefined });
  const peers = contenders.map(({ name }) => name).filter((name) => name !== ours);
  return {
    Cores: `${availableParallelism()} (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    Memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    'Operating system': `${process.platform} ${process.arch}`,
    Node: process.versions.node,
    'nats-server': nats,
    Redis: await redisVersion().catch((error: Error) => error.message),
    Postgres: await postgresVersion(),
    Peers: (await Promise.all([...new Set(peers)].map(nameAndVersion))).join(', '),
  };
}

async function nameAndVersion(name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `${name} ${version}`;
}
