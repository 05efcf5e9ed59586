import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultUpstream } from '@paceline/shared/upstreams';
import { loadUpstreams, tierOf } from '@paceline/shared/upstreams/load';
import { type FindPort, type ProcessGroup, waitUntilReady } from './processes.ts';
import { root } from './state.ts';

export interface RunningSandbox {
  readonly label: string;
  /** Its root; the API is below the path of the upstream's base URL. */
  readonly url: string;
  /** The variables that services need for it. */
  readonly env: NodeJS.ProcessEnv;
}

const baseUrlVariable = (name: string): string => `${name.toUpperCase()}_BASE_URL`;
const scriptOf = (name: string): string => `local/sandbox/src/${name}/main.ts`;

/** Whether an upstream besides that of the syncs gets its sandbox instead of the real API. */
export const isSandboxed = (name: string, env: NodeJS.ProcessEnv): boolean =>
  !env[baseUrlVariable(name)] && existsSync(join(root, scriptOf(name)));

/** The upstreams of `UPSTREAMS` besides that of the syncs. */
export function otherUpstreams(env: NodeJS.ProcessEnv) {
  const others = Object.values(loadUpstreams(env)).filter(({ name }) => name !== defaultUpstream);
  return Object.groupBy(others, ({ name }) => (isSandboxed(name, env) ? 'sandboxed' : 'real'));
}

const firstPort = 3011;

/** Starts the sandboxes of the upstreams that have one and no base URL. */
export async function runOtherSandboxes(
  group: ProcessGroup,
  env: NodeJS.ProcessEnv,
  findPort: FindPort,
): Promise<RunningSandbox[]> {
  const { sandboxed = [] } = otherUpstreams(env);
  const running: RunningSandbox[] = [];
  const processes = [];
  for (const [index, upstream] of sandboxed.entries()) {
    const { name, label, baseUrl, auth } = upstream;
    const port = String(await findPort(firstPort + index));
    const url = `http://127.0.0.1:${port}`;
    const key = env[auth.secret] || 'sandbox-key';
    processes.push(
      await group.run({
        name: `sandbox-${name}`,
        script: scriptOf(name),
        readyUrl: `${url}/livez`,
        env: { SANDBOX_PORT: port, SANDBOX_API_KEYS: `${key}:${tierOf(upstream, env)}` },
      }),
    );
    const { pathname } = new URL(baseUrl);
    const services = { [baseUrlVariable(name)]: `${url}${pathname}`, [auth.secret]: key };
    running.push({ label, url, env: services });
  }
  await waitUntilReady(processes);
  return running;
}
