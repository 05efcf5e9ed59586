import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@paceline/embedded';
import { sandboxClock, startStack } from '@paceline/launcher';
import type { Arrival } from '@paceline/sandbox';
import { createClock, formatClock } from '@paceline/shared/clock';
import { kindNames } from '@paceline/shared/definition';
import type { Crew } from '../core/fault.ts';
import { controlUpstream, createApi } from './http.ts';
import { createLinks } from './links.ts';
import { hasPrivateMounts, mountDisk, unmountDisk } from './private-mounts.ts';
import { startRecorder } from './streams.ts';

/** The whole system as real processes, and everything by which it can be broken. */
export type Stage = Awaited<ReturnType<typeof startStage>>;

export interface Said {
  readonly at: number;
  readonly line: string;
}

export interface StageOptions {
  readonly scale: number;
  /** Of the sandbox's world. */
  readonly seed: number;
  readonly crew: Crew;
  /** As `PACELINE_REPLICAS`. */
  readonly replicas: string;
}

const key = 'sandbox-key';

export async function startStage(options: StageOptions) {
  const { scale, crew } = options;
  const real = createClock();
  const folder = await mkdtemp(join(tmpdir(), 'paceline-chaos-'));
  const clocks = join(folder, 'clocks');
  await mkdir(clocks);
  const disks = await mountDisks(folder, crew.brokers);
  const setting = sandboxClock(real.now(), scale);
  const said: Said[] = [];
  const links = createLinks();
  const stack = await startStack({
    stateFolder: folder,
    env: environment(options, folder, formatClock(setting)),
    report: (line) => said.push({ at: real.now(), line }),
    findPort: () => freePort(),
    route: links.route,
  }).catch((error: unknown) => {
    links.close();
    throw error;
  });
  const recorder = await startRecorder(stack.broker.adminUrl);
  const { broker, database } = stack;
  const servers = new Map(
    [...broker.servers, ...(database ? [database] : [])].map((each) => [each.name, each]),
  );
  return {
    stack,
    api: createApi(stack.apiUrls),
    upstream: controlUpstream(stack.sandboxUrl ?? '', key),
    links,
    recorder,
    /** The machine's time, and the project's. */
    real,
    clock: createClock(setting),
    /** When it came, in real ms since the epoch. */
    realMoment: ({ arrivedAt }: Pick<Arrival, 'arrivedAt'>) =>
      setting.anchor + (arrivedAt - setting.anchor) / setting.scale,
    /** State and logs. */
    folder,
    /** Where the disk of a broker is, when it has one of its own. */
    diskOf: (broker: string) => disks.get(broker),
    /** Where the wall clock of a process is set, see `shift-clock.ts`. */
    clocks,
    process: (name: string) => found(stack.processes.get(name), name),
    server: (name: string) => found(servers.get(name), name),
    /** What the launcher said, and when. */
    said: said as readonly Said[],
    async stop() {
      await recorder.close();
      await stack.stop();
      links.close();
      for (const [name, disk] of disks) {
        await copyFile(join(disk, 'nats-server.log'), join(folder, 'logs', `${name}.txt`));
        await unmountDisk(disk);
      }
    },
  };
}

/** @param clock as `PACELINE_CLOCK` */
const environment = ({ seed, crew, replicas }: StageOptions, folder: string, clock: string) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...(process.env.PACELINE_CACHE && { PACELINE_CACHE: process.env.PACELINE_CACHE }),
  PACELINE_CLOCK: clock,
  PACELINE_BROKERS: String(crew.brokers.length),
  PACELINE_REPLICAS: replicas,
  API_PORT: '0',
  ...Object.fromEntries(kindNames.map((kind) => [`SYNC_${kind.toUpperCase()}`, 'on'])),
  SANDBOX_SEED: String(seed),
  SANDBOX_AUDIT_FILE: join(folder, 'arrivals.jsonl'),
  SANDBOX_JITTER_MS: '0-30',
  SANDBOX_HEADERS: seed % 2 === 0 ? 'on' : 'off',
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'shift-clock.ts')}`,
  CHAOS_CLOCKS: join(folder, 'clocks'),
});

/** A small disk for each broker's state, by the broker's name; none where this machine allows none. */
async function mountDisks(folder: string, brokers: readonly string[]): Promise<Map<string, string>> {
  const disks = new Map<string, string>();
  if (!hasPrivateMounts()) return disks;
  for (const name of brokers) {
    const disk = join(folder, name);
    await mkdir(disk);
    await mountDisk(disk);
    disks.set(name, disk);
  }
  return disks;
}

function found<T>(thing: T | undefined, name: string): T {
  if (thing === undefined) throw new Error(`there is no ${name} on this stage`);
  return thing;
}
