import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@paceline/embedded';
import { sandboxClock, type Server, type Stack, startStack, type Supervised } from '@paceline/launcher';
import type { Arrival } from '@paceline/sandbox';
import { type Clock, createClock, formatClock } from '@paceline/shared/clock';
import { kindNames } from '@paceline/shared/definition';
import { type Api, controlUpstream, createApi, type Upstream } from './http.ts';
import { createLinks, type Links } from './links.ts';
import { hasPrivateMounts, mountDisk, unmountDisk } from './private-mounts.ts';
import { type Recorder, startRecorder } from './streams.ts';

/** The whole system as real processes, and everything by which it can be broken. */
export interface Stage {
  readonly stack: Stack;
  readonly api: Api;
  readonly upstream: Upstream;
  readonly links: Links;
  readonly recorder: Recorder;
  /** The machine's time. */
  readonly real: Clock;
  /** Project time. */
  readonly clock: Clock;
  /** When it came, in real ms since the epoch. */
  realMoment(arrival: Pick<Arrival, 'arrivedAt'>): number;
  /** State and logs. */
  readonly folder: string;
  /** Where the disk of a broker is, when it has one of its own. */
  diskOf(broker: string): string | undefined;
  /** Where the wall clock of a process is set, see `shift-clock.ts`. */
  readonly clocks: string;
  process(name: string): Supervised;
  server(name: string): Server;
  /** What the launcher said, and when. */
  readonly said: readonly Said[];
  stop(): Promise<void>;
}

export interface Said {
  readonly at: number;
  readonly line: string;
}

export interface StageOptions {
  readonly scale: number;
  /** Of the sandbox's world. */
  readonly seed: number;
  readonly brokers: readonly string[];
  /** As `PACELINE_REPLICAS`. */
  readonly replicas: string;
}

const key = 'sandbox-key';

export async function startStage(options: StageOptions): Promise<Stage> {
  const { scale, brokers } = options;
  const real = createClock();
  const folder = await mkdtemp(join(tmpdir(), 'paceline-chaos-'));
  const clocks = join(folder, 'clocks');
  await mkdir(clocks);
  const disks = await mountDisks(folder, brokers);
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
  return {
    stack,
    api: createApi(stack.apiUrls),
    upstream: controlUpstream(stack.sandboxUrl ?? '', key),
    links,
    recorder,
    real,
    clock: createClock(setting),
    realMoment: ({ arrivedAt }) => setting.anchor + (arrivedAt - setting.anchor) / setting.scale,
    folder,
    diskOf: (broker) => disks.get(broker),
    clocks,
    process: (name) => found(stack.processes.get(name), name),
    server: (name) =>
      found(
        serversOf(stack).find((each) => each.name === name),
        name,
      ),
    said,
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

const serversOf = ({ broker, database }: Stack): Server[] => [
  ...broker.servers,
  ...(database ? [database] : []),
];

/** @param clock as `PACELINE_CLOCK` */
const environment = ({ seed, brokers, replicas }: StageOptions, folder: string, clock: string) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...(process.env.PACELINE_CACHE && { PACELINE_CACHE: process.env.PACELINE_CACHE }),
  PACELINE_CLOCK: clock,
  PACELINE_BROKERS: String(brokers.length),
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
