import { formatClock } from '@paceline/shared/clock';
import { ConfigError, port } from '@paceline/shared/config';
import { originOf } from '@paceline/shared/contracts';
import { portIsFree, startPostgres } from '@paceline/embedded';
import { externalBroker, startBroker } from './broker.ts';
import { runOtherSandboxes } from './sandboxes.ts';
import { type ServiceRoute, runSandbox, runServices } from './services.ts';
import { assertOwnFolder, markFolder } from './origin.ts';
import { prepare } from './prepare.ts';
import { createProcessGroup, type FindPort, usualPortIfFree } from './processes.ts';
import { clockOf, type LauncherConfig, readSettings } from './settings.ts';
import { type RestartableProcess, supervise, type Supervision } from './supervise.ts';
import { openState, type StateFolder } from './state.ts';

export type Stack = Awaited<ReturnType<typeof startStack>>;

type Server = Pick<RestartableProcess, 'stop'>;

export interface StackOptions extends Supervision {
  readonly stateFolder: string;
  /** Configuration as people set it, see `.env.example`; passed on to every process. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs after the configuration, ports and stored state have been checked, before anything starts. */
  readonly beforeStart?: () => Promise<void>;
  /** Default: the usual port where it is free, else another one. */
  readonly findPort?: FindPort;
  /** Default: services connect directly. */
  readonly route?: ServiceRoute;
}

/** Starts broker, database, sandbox and services. @throws {ConfigError}, or {Error} naming the part that failed */
export async function startStack(options: StackOptions) {
  const { stateFolder, env, report, machine, beforeStart, findPort = usualPortIfFree, route } = options;
  const supervision = { report, machine };
  const config = readSettings(env);
  await assertPortFree('API_PORT', config.API_PORT, config.API_HOST);
  if (!config.ZWIFTRACING_BASE_URL) await assertPortFree('SANDBOX_PORT', sandboxPort(env));
  const state = await openState(stateFolder);
  const clock = await clockOf(config, env, state);
  const own = originOf(config.ZWIFTRACING_BASE_URL, clock);
  const kept = [
    ...(config.NATS_URL ? [] : (['broker'] as const)),
    ...(config.DATABASE_URL ? [] : (['database'] as const)),
  ];
  await assertOwnFolder(state, own, kept);
  await beforeStart?.();
  const paced = { ...env, PACELINE_CLOCK: clock.scale === 1 ? '' : formatClock(clock) };
  const group = createProcessGroup(paced, state, config.LOG_FILE_SIZE, supervision);
  const servers: Server[] = [];
  const stop = async () => {
    await group.stop();
    for (const server of servers.splice(0).toReversed()) await server.stop();
  };
  try {
    report(`starting the broker, the database${config.ZWIFTRACING_BASE_URL ? '' : ' and the sandbox'} …`);
    const [broker, database, sandbox, otherSandboxes] = await allSettled([
      brokerOf({ state, config, findPort, supervision }, servers),
      databaseOf({ state, config, findPort, supervision }, servers),
      config.ZWIFTRACING_BASE_URL ? undefined : runSandbox(group, config, env, findPort),
      runOtherSandboxes(group, env, findPort),
    ]);
    report('preparing streams and tables …');
    const replicas = config.NATS_REPLICAS ?? config.PACELINE_BROKERS;
    const { adminUrl: url, monitorUrls } = broker;
    await prepare({ url, monitorUrls }, database.url, replicas, config, own);
    if (kept.length > 0) await markFolder(state, own);

    report('starting the services …');
    const ofOthers = Object.assign({}, ...otherSandboxes.map((each) => each.env)) as NodeJS.ProcessEnv;
    const found = { ...sandbox?.env, ...ofOthers, DATABASE_URL: database.url };
    const apiUrls = await runServices(group, config, broker, found, findPort, route);
    return {
      clock,
      /** The URL of the first API process; `apiUrls` lists all. */
      apiUrl: apiUrls[0] ?? '',
      apiUrls,
      /** The sandbox's root (its API is below /api); undefined with a real upstream. */
      sandboxUrl: sandbox?.url,
      /** Those of other upstreams. */
      otherSandboxes,
      /** Those that programs may call. */
      upstreams: config.API_UPSTREAMS,
      broker,
      databaseUrl: database.url,
      database: database.server,
      processes: group.processes,
      /** Stops everything, clients before their servers. */
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As `Promise.all`, but ends only when all have, so that what has started can be stopped. @throws the first failure */
async function allSettled<Parts extends unknown[]>(
  parts: [...Parts],
): Promise<{ [Part in keyof Parts]: Awaited<Parts[Part]> }> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

interface Place {
  readonly state: StateFolder;
  readonly config: LauncherConfig;
  readonly findPort: FindPort;
  readonly supervision: Supervision;
}

/** @param servers gets those that were started */
async function brokerOf({ state, config, findPort, supervision }: Place, servers: Server[]) {
  if (config.NATS_URL) return externalBroker(config.NATS_URL, config.NATS_MONITOR_URL);
  const broker = await startBroker(state, supervision, findPort, {
    count: config.PACELINE_BROKERS,
    syncInterval: config.NATS_SYNC_INTERVAL,
    logSize: config.LOG_FILE_SIZE,
  });
  servers.push(...broker.servers);
  return broker;
}

/** @param servers gets the one that was started */
async function databaseOf({ state, config, findPort, supervision }: Place, servers: Server[]) {
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, server: undefined };
  const options = { dataDir: state.path('postgres', 'data'), logSize: config.LOG_FILE_SIZE };
  const running = await startPostgres({ ...options, port: await findPort(5432) });
  const { port, logFile } = running;
  const launch = () => startPostgres({ ...options, port, keepLog: true });
  const server = supervise({ ...supervision, name: 'postgres', logFile, launch, running });
  servers.push(server);
  return { server, url: await running.createDatabase('paceline') };
}

/** 0: any free port. @throws {ConfigError} */
function sandboxPort({ SANDBOX_PORT: text }: NodeJS.ProcessEnv): number {
  const parsed = port.safeParse(text || '0');
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map(({ message }) => `SANDBOX_PORT ${message}`));
}

async function assertPortFree(variable: string, wanted: number, host?: string): Promise<void> {
  if (wanted === 0 || (await portIsFree(wanted, host))) return;
  throw new Error(
    `port ${wanted} is already in use. Stop the process that listens there (another Paceline?) or set ${variable}.`,
  );
}
