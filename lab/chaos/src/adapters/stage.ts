import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@paceline/embedded';
import {
  type RestartableProcess,
  sandboxClock,
  startStack,
  type SupervisedProcess,
} from '@paceline/launcher';
import type { Arrival } from '@paceline/sandbox';
import { createClock, formatClock } from '@paceline/shared/clock';
import { kindNames } from '@paceline/shared/definition';
import type { Crew } from '../core/fault.ts';
import { controlUpstream, createApi } from './http.ts';
import { createLinks } from './links.ts';
import { hasPrivateMounts, mountDisk, unmountDisk } from './private-mounts.ts';
import { startRecorder } from './streams.ts';

/** The whole system as real processes, with the means to break it. */
export type ChaosStage = Awaited<ReturnType<typeof startStage>>;

/** A line that the launcher reported. */
export interface ReportLine {
  readonly at: number;
  readonly line: string;
}

export interface StageOptions {
  readonly scale: number;
  /** For the sandbox's data. */
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
  const reported: ReportLine[] = [];
  const links = createLinks();
  const stack = await startStack({
    stateFolder: folder,
    env: environment(options, folder, formatClock(setting)),
    report: (line) => reported.push({ at: real.now(), line }),
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
    /** Real time; `clock`: project time. */
    real,
    clock: createClock(setting),
    /** Arrival in real ms since the epoch. */
    realTimeOf: ({ arrivedAt }: Pick<Arrival, 'arrivedAt'>) =>
      setting.anchor + (arrivedAt - setting.anchor) / setting.scale,
    /** State and logs. */
    folder,
    /** Mount point of a broker's own disk, if it has one. */
    diskOf: (broker: string) => disks.get(broker),
    /** Folder of the clock offsets, see `shift-clock.ts`. */
    clocks,
    /** A process or server. */
    part(name: string): RestartableProcess {
      const found = stack.processes.get(name) ?? servers.get(name);
      if (found) return found;
      throw new Error(`no process or server ${name}`);
    },
    process(name: string): SupervisedProcess {
      const found = stack.processes.get(name);
      if (found) return found;
      throw new Error(`no process ${name}`);
    },
    isBroker: (name: string) => broker.servers.some((each) => each.name === name),
    /** Where a broker keeps its streams. */
    storeOf: (broker: string) => join(folder, broker, 'jetstream'),
    copies: join(folder, 'copies'),
    reported: reported as readonly ReportLine[],
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

/** A small disk per broker, by name; none without private mounts. */
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
