import { formatClock } from '@paceline/shared/clock';
import { portIsFree, startPostgres } from '@paceline/embedded';
import { externalBroker, startBroker } from './broker.ts';
import { type Route, runSandbox, runServices } from './members.ts';
import { prepare } from './prepare.ts';
import { controlled, createCrew, type FindPort, usualPort } from './processes.ts';
import { clockOf, type LauncherConfig, readSettings } from './settings.ts';
import { openState, type StateFolder } from './state.ts';

export type Stack = Awaited<ReturnType<typeof startStack>>;

export interface StackOptions {
  readonly stateFolder: string;
  /** Configuration as people set it, see `.env.example`; passed on to every process. */
  readonly env: NodeJS.ProcessEnv;
  readonly report: (line: string) => void;
  /** The usual ports where they are free, unless told. */
  readonly findPort?: FindPort;
  /** How each service reaches what it talks to; directly unless told. */
  readonly route?: Route;
}

/** Starts broker, database, sandbox and services. @throws {ConfigError}, or {Error} naming the part that did not start */
export async function startStack(options: StackOptions) {
  const { stateFolder, env, report, findPort = usualPort, route } = options;
  const config = readSettings(env);
  await demandApiPort(config);
  const state = await openState(stateFolder);
  const clock = await clockOf(config, env, state);
  const paced = { ...env, PACELINE_CLOCK: clock.scale === 1 ? '' : formatClock(clock) };
  const crew = createCrew(paced, state, config.LOG_FILE_SIZE, report);
  const servers: Array<{ stop(): Promise<void> }> = [];
  const stop = async () => {
    await crew.stop();
    for (const server of servers.splice(0).toReversed()) await server.stop();
  };
  try {
    report('broker …');
    const broker = config.NATS_URL
      ? externalBroker(config.NATS_URL)
      : await startBroker(config.PACELINE_BROKERS, state, report, findPort, config.LOG_FILE_SIZE);
    servers.push(...broker.servers);

    report('database …');
    const database = config.DATABASE_URL
      ? { url: config.DATABASE_URL, server: undefined }
      : await embeddedDatabase(state, config.LOG_FILE_SIZE, findPort);
    if (database.server) servers.push(database.server);

    report('streams and tables …');
    const replicas = config.NATS_REPLICAS ?? config.PACELINE_BROKERS;
    await prepare(broker.adminUrl, database.url, replicas, config);

    if (!config.ZWIFTRACING_BASE_URL) report('sandbox upstream …');
    const sandbox = config.ZWIFTRACING_BASE_URL ? undefined : await runSandbox(crew, config, env, findPort);

    report('services …');
    const found = { ...sandbox?.env, DATABASE_URL: database.url };
    const apiUrls = await runServices(crew, config, broker, found, findPort, route);
    return {
      clock,
      /** Where the API answers: the first of its processes, and all of them. */
      apiUrl: apiUrls[0] ?? '',
      apiUrls,
      /** The sandbox's root (its API is below /api), when there is one. */
      sandboxUrl: sandbox?.url,
      broker,
      databaseUrl: database.url,
      database: database.server,
      processes: crew.processes,
      /** Ends everything, callers before those that they call. */
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function embeddedDatabase(state: StateFolder, logSize: number, findPort: FindPort) {
  const options = { dataDir: state.path('postgres', 'data'), logSize };
  const first = await startPostgres({ ...options, port: await findPort(5432) });
  const server = controlled('postgres', () => startPostgres({ ...options, port: first.port }), first);
  return { server, url: await first.createDatabase('paceline') };
}

async function demandApiPort({ API_PORT: port, API_HOST: host }: LauncherConfig): Promise<void> {
  if (port === 0 || (await portIsFree(port, host))) return;
  throw new Error(`Port ${port} is taken (another Paceline?): stop what listens there, or set API_PORT.`);
}
