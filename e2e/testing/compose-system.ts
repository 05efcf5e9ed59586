import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Api, createApi } from '@paceline/client';
import { freePort } from '@paceline/embedded';
import { sandboxClock } from '@paceline/launcher';
import { formatClock } from '@paceline/shared/clock';
import { type Service, services } from '@paceline/shared/contracts';
import { startOtlpReceiver } from '@paceline/shared/telemetry/testing';

const root = join(import.meta.dirname, '../..');
const project = 'paceline-trial';
export const image = `${project}:latest`;

/** What decides which engine is used. No other variable of this shell, and no `.env`, reaches the system. */
const ofTheEngine = /^(PATH|HOME|XDG_\w+|DOCKER_\w+|BUILDX_\w+|BUILDKIT_\w+|\w+_proxy)$/i;
const shell = Object.fromEntries(Object.entries(process.env).filter(([name]) => ofTheEngine.test(name)));

/** @returns what docker printed; @throws an error that includes it */
export async function docker(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: root, env: { ...shell, ...env }, maxBuffer: 256 * 1_048_576 };
  const { stdout } = await promisify(execFile)('docker', args, options).catch(
    (error: { stdout?: string; stderr?: string; message: string }) => {
      throw new Error([error.message, error.stdout, error.stderr].filter(Boolean).join('\n'));
    },
  );
  return stdout.trim();
}

/** The versions of Docker Engine and Compose. @throws {Error} when one of them is missing or does not answer */
export const findEngine = async () => ({
  engine: await docker(['version', '--format', '{{.Server.Version}}']),
  compose: await docker(['compose', 'version', '--short']),
});

/** State of a container. */
interface Inspected {
  readonly Id: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: { readonly Pid: number; readonly ExitCode: number; readonly Health?: { Status: string } };
}

export type ComposeSystem = Awaited<ReturnType<typeof prepareComposeSystem>>;

/**
 * docker-compose.yml as a project of its own, with its own image, ports, volumes and API token, and with spans sent here.
 * Nothing is started yet.
 */
export async function prepareComposeSystem() {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-compose-'));
  const file = (name: string) => join(folder, name);
  const [apiPort, sandboxPort] = [await freePort(), await freePort()];
  const token = randomBytes(24).toString('hex');
  // Containers reach it through the gateway of their network.
  const collector = await startOtlpReceiver('0.0.0.0');
  const endpoint = `http://host.docker.internal:${new URL(collector.url).port}`;
  const env = {
    API_TOKEN: token,
    API_PORT: String(apiPort),
    SANDBOX_PORT: String(sandboxPort),
    // Slow enough that an add, which is given up after five project minutes, survives the restart of what it waits for.
    PACELINE_CLOCK: formatClock(sandboxClock(Date.now(), 10)),
  };
  await writeFile(file('empty.env'), '');

  const ofProject = ['--project-name', project, '--project-directory', root, '--env-file', file('empty.env')];
  const files = ['--file', join(root, 'docker-compose.yml'), '--file', file('trial.json')];
  const compose = (...args: readonly string[]) => docker(['compose', ...ofProject, ...files, ...args], env);
  const containers = async (name: string): Promise<Inspected[]> => {
    const ids = (await compose('ps', '--all', '--quiet', name)).split('\n').filter(Boolean);
    return ids.length === 0 ? [] : (JSON.parse(await docker(['inspect', ...ids])) as Inspected[]);
  };
  const describe = async (version: string) => {
    const ours = ['provision', 'sandbox', 'sandbox-clock'].map((name) => [name, { image }]);
    const traced = {
      image,
      environment: { ...collector.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
      extra_hosts: ['host.docker.internal:host-gateway'],
    };
    const all = Object.fromEntries([...ours, ...services.map((name) => [name, traced])]);
    all.provision = { image, build: { labels: { 'paceline.trial': version } } };
    await writeFile(file('trial.json'), JSON.stringify({ services: all }));
  };
  await describe('1');
  // What an aborted trial has left.
  await compose('down', '--volumes', '--remove-orphans');

  /** Also those that a later build has replaced. */
  const images = async () =>
    (await docker(['image', 'ls', '--quiet', '--filter', 'label=paceline.trial']))
      .split('\n')
      .filter(Boolean);

  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  return {
    apiUrl,
    api: createApi({ url: apiUrl, token, retries: 0 }),
    /** An API client with another token, or none. */
    apiWith: (other: string | undefined): Api => createApi({ url: apiUrl, token: other, retries: 0 }),
    spans: () => collector.spans(),
    compose,
    containers,
    /** Another version is another image. */
    async build(version: string): Promise<void> {
      await describe(version);
      await compose('build', '--quiet');
    },
    up: (...args: readonly string[]) => compose('up', '--detach', '--wait', '--wait-timeout', '180', ...args),
    /** GETs JSON from the sandbox's control API. */
    control: async <T>(path: string) => (await (await fetch(`${sandboxUrl}/control/${path}`)).json()) as T,
    /** Kills a container from outside, as the kernel does when memory is short. The engine has to restart it. */
    async crash(name: Service | 'nats' | 'postgres'): Promise<void> {
      const [found] = await containers(name);
      const kill = `kill -9 ${found?.State.Pid}`;
      await docker(['run', '--rm', '--pid=host', '--user=0', '--entrypoint=sh', image, '-c', kill]);
    },
    /** Deletes everything that the system has left, but not what the build has cached. */
    async remove(): Promise<void> {
      await compose('down', '--volumes', '--timeout', '30');
      for (const id of await images()) await docker(['image', 'rm', '--force', id]);
      await collector.close();
      await rm(folder, { recursive: true });
    },
    leftovers: async () => {
      const label = `label=com.docker.compose.project=${project}`;
      const found = await Promise.all(
        [
          ['ps', '--all'],
          ['volume', 'ls'],
          ['network', 'ls'],
        ].map((list) => docker([...list, '--quiet', '--filter', label])),
      );
      return [...found.flatMap((text) => text.split('\n').filter(Boolean)), ...(await images())];
    },
  };
}
