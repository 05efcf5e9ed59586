import { request } from 'node:http';
import { type Clock, createClock } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import { permissionsOf, type Service } from '@paceline/shared/contracts';
import { type Database, migrate, openDatabase } from '@paceline/shared/database';
import { type Bus, connect, createBus, provision } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { type TestNats, testNats, type TestPostgres, testPostgres } from '@paceline/shared/testing';
import { needed, optional } from '../config.ts';
import { type RunningApi, startApi } from '../service.ts';

export const log = createLogger('api-test', 'error');
export const apiKey = 'a-key-for-tests';

const users: Service[] = ['api', 'rider-sync', 'event-sync', 'limiter', 'scheduler'];
const credentials = [
  { user: 'provision', password: 'p', publish: ['>'], subscribe: ['>'] },
  ...users.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
];

/** An API on a real broker and a real database, asked over real HTTP. */
export interface TestApi {
  readonly api: RunningApi;
  readonly nats: TestNats;
  readonly postgres: TestPostgres;
  readonly db: Database;
  readonly clock: Clock;
  /** The environment that this API was started with. */
  readonly env: Readonly<Record<string, string>>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Another process of the API, beside this one; it is one only as far as they know. */
  startAnother(settings?: ApiSettings): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** The broker as another service, with that service's rights, may use it. */
  busOf(service: Service | 'provision'): Promise<Bus>;
  stop(): Promise<void>;
}

interface ApiSettings {
  readonly env?: Record<string, string>;
  /** Real ms that an answer waits for the estimate; unless given so long that a busy machine always has one. */
  readonly estimateMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any answer's fields
  readonly body: any;
}

export async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Asks under any name: fetch would set the Host header itself. */
export const statusUnder = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });

export async function startTestApi(
  settings: { env?: Record<string, string>; clock?: Clock } = {},
): Promise<TestApi> {
  const [nats, postgres] = await Promise.all([testNats({ users: credentials }), testPostgres()]);
  const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);
  const setup = await connect(urlFor('provision'), 'provision');
  await Promise.all([provision(setup), migrate(postgres.url)]);
  await setup.close();

  const env = {
    NATS_URL: urlFor('api'),
    DATABASE_URL: postgres.url,
    ZWIFTRACING_API_KEY: apiKey,
    API_PORT: '0',
    // The rows of tests are of any time, and none is forgotten meanwhile.
    RETENTION_HISTORY: '40000d',
    RETENTION_EVENTS: '40000d',
    RETENTION_COPIES: '40000d',
    RETENTION_RIDER_HISTORY: '40000d',
    ...settings.env,
  };
  const clock = settings.clock ?? createClock(loadConfig(env, ['PACELINE_CLOCK']).PACELINE_CLOCK);
  const running = new Set<{ stop(): Promise<void> }>();
  const start = async ({ env: changed, estimateMs = 20_000 }: ApiSettings = {}) => {
    const stopping = new AbortController();
    const config = loadConfig({ ...env, ...changed }, needed, optional);
    const api = await startApi({ name: 'api', config, clock, log, signal: stopping.signal, estimateMs });
    const started = {
      api,
      url: api.url,
      async stop() {
        if (!running.delete(started)) return;
        stopping.abort(new Error('the test is over'));
        await api.drain();
        await api.close();
      },
    };
    running.add(started);
    return started;
  };
  const { api } = await start();
  const database = openDatabase(postgres.url, () => {});
  const buses: Bus[] = [];

  return {
    api,
    nats,
    postgres,
    db: database.db,
    clock,
    env,
    get: (path, headers) => ask(api.url + path, headers && { headers }),
    post: (path, body, headers) =>
      ask(api.url + path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    startAnother: start,
    async busOf(service) {
      const bus = createBus(await connect(urlFor(service), service), log);
      buses.push(bus);
      return bus;
    },
    async stop() {
      await Promise.all([...running].map((each) => each.stop()));
      await Promise.all([...buses.map((bus) => bus.connection.close()), database.close()]);
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}
