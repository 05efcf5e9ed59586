import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, createApi } from '@paceline/client';
import { freePort } from '@paceline/embedded';
import { startStack, type Stack } from '@paceline/launcher';
import { type ClockSetting, formatClock } from '@paceline/shared/clock';

/** A clock that starts on the same evening in every run, because the sandbox's data depends on the date. */
export function oneEvening(scale: number): ClockSetting {
  const now = Date.now();
  const startsAt = Date.UTC(2026, 10, 24, 18, 20);
  // The clocks agree at the anchor; running `scale` times faster, project time is `startsAt` now.
  return { scale, anchor: Math.round(now - (startsAt - now) / (scale - 1)) };
}

export interface TestStack extends Stack {
  /** State, logs and secrets; removed when the stack stops. */
  readonly stateFolder: string;
  readonly api: Api;
  /** GETs JSON from the API. */
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  /** POSTs a raw body. */
  post(path: string, body: string, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** GETs JSON from the sandbox's control API. */
  control<T>(path: string): Promise<T>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/**
 * Starts the whole system, each service as its own process, in a temporary folder and on free ports.
 * @param clock for every process
 * @param stateFolder (default a temporary folder) removed when the stack stops
 * @param start `startStack` of another checkout
 */
export async function startTestStack(
  clock: ClockSetting,
  env: NodeJS.ProcessEnv = {},
  stateFolder?: string,
  start: typeof startStack = startStack,
): Promise<TestStack> {
  const folder = stateFolder ?? (await mkdtemp(join(tmpdir(), 'paceline-e2e-')));
  const stack = await start({
    stateFolder: folder,
    env: { ...process.env, PACELINE_CLOCK: formatClock(clock), API_PORT: '0', ...env },
    report: () => undefined,
    // Parallel stacks must not compete for the default ports.
    findPort: () => freePort(),
  });
  const token: Record<string, string> = env.API_TOKEN ? { authorization: `Bearer ${env.API_TOKEN}` } : {};
  return {
    ...stack,
    stateFolder: folder,
    api: createApi({ url: stack.apiUrl, token: env.API_TOKEN, retries: 0 }),
    async get<T>(path: string) {
      const response = await fetch(`${stack.apiUrl}${path}`, { headers: token });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async post(path, body, headers = {}) {
      const response = await fetch(`${stack.apiUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...token, ...headers },
        body,
      });
      const { status, headers: answered } = response;
      return { status, headers: answered, body: (await response.json()) as ApiAnswer['body'] };
    },
    async control<T>(path: string) {
      const response = await fetch(`${stack.sandboxUrl}${path}`);
      return (await response.json()) as T;
    },
    async stop() {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
