import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { catalog, services, subjectOf } from '@paceline/shared/contracts';
import { type SpawnedProcess, findNatsServer, freePort, spawnChild } from '@paceline/embedded';
import { connect, createBus, proveDurability, provision, publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from './state.ts';
import { type ComposeFile, readCompose, readText } from './testing/compose-file.ts';
import { documentedMetrics, metricsIn, queriesOf } from './testing/metrics-table.ts';
import { testLog } from '@paceline/shared/testing';

const run = promisify(execFile);
const log = testLog('deploy-test');
let compose: ComposeFile;
let folder: string;

beforeAll(async () => {
  compose = await readCompose('docker-compose.yml');
  folder = await mkdtemp(join(tmpdir(), 'paceline-deploy-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the broker of docker-compose.yml', () => {
  let broker: SpawnedProcess;
  let port: number;
  let monitorPort: number;

  /** As in the container, except for address and folder. */
  beforeAll(async () => {
    const { path } = await findNatsServer({ report: () => undefined });
    port = await freePort();
    monitorPort = await freePort();
    const configuration = (await readText('deploy/nats/nats-server.conf'))
      .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
      .replace('0.0.0.0:8222', `127.0.0.1:${monitorPort}`)
      .replace('/data', join(folder, 'data'));
    await writeFile(join(folder, 'nats-server.conf'), configuration);
    await writeFile(join(folder, 'users.conf'), await readText('deploy/nats/users.conf'));
    broker = await spawnChild({
      command: [path, '--config', join(folder, 'nats-server.conf')],
      env: { ...process.env, ...(compose.services.nats?.environment as NodeJS.ProcessEnv) },
      logFile: join(folder, 'nats.log'),
      stopSignal: 'SIGTERM',
    });
  });
  afterAll(() => broker?.stop());

  /** The broker URL of a service in the compose file, adapted to this machine. */
  const urlOf = (name: string) =>
    (compose.services[name]?.environment.NATS_URL ?? '').replace('@nats:4222', `@127.0.0.1:${port}`);

  it('accepts provisioning and each service with its password', async () => {
    const admin = await connect(urlOf('provision'), 'provision');
    await provision(admin);
    await admin.close();
    for (const name of services) {
      const connection = await connect(urlOf(name), name);
      expect(connection.isClosed(), name).toBe(false);
      await connection.close();
    }
  });

  it('syncs each message before it acknowledges it, which provisioning finds out', async () => {
    const { NATS_MONITOR_URL: url } = compose.services.provision?.environment ?? {};
    const admin = await connect(urlOf('provision'), 'provision');
    const found = await proveDurability(admin, [
      (url ?? '').replace('//nats:8222', `//127.0.0.1:${monitorPort}`),
    ]);
    await admin.close();
    expect(found).toEqual({ sync: 'always' });
  });

  it('rejects a wrong password', async () => {
    await expect(connect(urlOf('api').replace(':paceline@', ':guessed@'), 'api')).rejects.toThrow(
      /authorization/i,
    );
  });

  it('lets a service publish its own subjects only', async () => {
    const connection = await connect(urlOf('api'), 'api');
    const bus = createBus(connection, log);
    const command = { commandId: 'c', riderId: 1, requestedAt: 0 };
    expect(await publish(bus, catalog.addRider, command)).toMatchObject({ duplicate: false });
    const rejected = bus.js.publish(subjectOf(catalog.conflict), '{}', { timeout: 1_000 });
    await expect(rejected).rejects.toThrow();
    await connection.close();
  });
});

describe('the brokers of compose.cluster.yml', () => {
  it('have a configuration that nats-server accepts', async () => {
    const { services: found } = await readCompose('deploy/docker/compose.cluster.yml');
    for (const file of ['cluster.conf', 'nats-server.conf', 'users.conf'])
      await writeFile(join(folder, file), await readText(`deploy/nats/${file}`));
    const { path } = await findNatsServer({ report: () => undefined });
    for (const name of ['nats', 'nats-2', 'nats-3']) {
      const env = { ...compose.services.nats?.environment, ...found[name]?.environment };
      const { stderr } = await run(path, ['-t', '-c', join(folder, 'cluster.conf')], {
        env: env as NodeJS.ProcessEnv,
      });
      expect(stderr).toContain('is valid');
    }
    const monitored = found.provision?.environment.NATS_MONITOR_URL?.split(',');
    expect(monitored).toEqual(['nats', 'nats-2', 'nats-3'].map((name) => `http://${name}:8222`));
  });
});

describe('the brokers of deploy/kubernetes', () => {
  it('have a configuration that nats-server accepts, and sync each message', async () => {
    const configuration = await readText('deploy/kubernetes/base/nats-server.conf');
    expect(configuration).toMatch(/^ {2}sync_interval: always$/m);
    await writeFile(join(folder, 'kubernetes.conf'), configuration);
    await writeFile(join(folder, 'users.conf'), await readText('deploy/nats/users.conf'));
    const { path } = await findNatsServer({ report: () => undefined });
    const { stderr } = await run(path, ['-t', '-c', join(folder, 'kubernetes.conf')], {
      env: {
        ...(compose.services.nats?.environment as NodeJS.ProcessEnv),
        POD_NAME: 'nats-0',
        NATS_PASSWORD_CLUSTER: 'p',
        NATS_ROUTES: '[nats://cluster:p@nats-1.nats:6222]',
      },
    });
    expect(stderr).toContain('is valid');
  });
});

describe("the sandbox's clock", () => {
  const setClock = (env = process.env) =>
    run(process.execPath, ['scripts/sandbox-clock.ts', folder], { cwd: root, env });
  const file = () => readFile(join(folder, 'clock.env'), 'utf8');
  const clockOf = async (env: NodeJS.ProcessEnv) => {
    const print = ['-p', 'process.env.PACELINE_CLOCK'];
    const { stdout } = await run(
      process.execPath,
      [`--env-file-if-exists=${join(folder, 'clock.env')}`, ...print],
      {
        env,
      },
    );
    return stdout.trim();
  };

  it('is set once and kept', async () => {
    await setClock();
    const first = await file();
    expect(first).toMatch(/^PACELINE_CLOCK=scale=60,anchor=\d+\n$/);
    await setClock();
    expect(await file()).toBe(first);
  });

  it('is real beside another upstream, which no container imitates, unless it is set', async () => {
    const before = await file();
    await setClock({ UPSTREAMS: 'zwiftracing,strava' });
    expect(await file()).toBe('PACELINE_CLOCK=scale=1,anchor=0\n');
    const PACELINE_CLOCK = 'scale=60,anchor=5';
    await setClock({ UPSTREAMS: 'zwiftracing,strava', PACELINE_CLOCK });
    expect(await file()).toBe(`PACELINE_CLOCK=${PACELINE_CLOCK}\n`);
    await setClock();
    expect(await file()).toBe(before);
  });

  it('says which upstream file has mistakes', async () => {
    await expect(setClock({ UPSTREAMS: 'zwiftracing,weather' })).rejects.toMatchObject({
      code: 78,
      stderr: expect.stringContaining('weather.yaml (ENOENT)'),
    });
  });

  it('reaches every container through its entry point, unless PACELINE_CLOCK is set', async () => {
    const entry = /^ENTRYPOINT (\[.*\])$/m.exec(await readText('deploy/docker/Dockerfile'))?.[1] ?? '[]';
    expect(JSON.parse(entry)).toEqual([
      'node',
      '--max-semi-space-size=8',
      '--env-file-if-exists=/var/lib/paceline/clock.env',
      '--import',
      './packages/shared/src/telemetry/start.ts',
    ]);
    for (const name of [...services, 'sandbox']) {
      expect(compose.services[name]?.volumes, name).toContain('clock:/var/lib/paceline:ro');
    }
    expect(`PACELINE_CLOCK=${await clockOf({})}\n`).toBe(await file());
    expect(await clockOf({ PACELINE_CLOCK: 'scale=1,anchor=0' })).toBe('scale=1,anchor=0');
  });
});

describe('observability', () => {
  it('scrapes the metrics port of every service', async () => {
    const { scrape_configs: jobs } = parse(await readText('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: Array<{ static_configs: Array<{ targets: string[] }> }>;
    };
    const targets = jobs.flatMap((job) => job.static_configs.flatMap((config) => config.targets));
    const expected = services.map((name) => {
      const { HEALTH_PORT, API_PORT } = compose.services[name]?.environment ?? {};
      return `${name}:${HEALTH_PORT ?? API_PORT}`;
    });
    expect(targets.toSorted()).toEqual(expected.toSorted());
  });

  // e2e/whole-path.test.ts checks that the services have the documented metrics.
  it.each(['deploy/grafana/dashboards/paceline.json', 'deploy/prometheus/rules.yml'])(
    'queries only documented metrics in %s',
    async (file) => {
      const known = (await documentedMetrics()).map(({ name }) => new RegExp(`^${name.replace('*', '.*')}$`));
      const queried = (await queriesOf(file)).flatMap(metricsIn);
      expect(queried.length).toBeGreaterThan(0);
      expect(queried.filter((name) => !known.some((pattern) => pattern.test(name)))).toEqual([]);
    },
  );
});
