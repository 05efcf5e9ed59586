import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, createApi } from '@paceline/client';
import { freePort } from '@paceline/embedded';
import { startStack, type Stack } from '@paceline/launcher';
import { type ClockSetting, formatClock } from '@paceline/shared/clock';

/** A clock that begins on the same evening in every run: what happens in the sandbox's world depends on the day. */
export function oneEvening(scale: number): ClockSetting {
  const now = Date.now();
  const begins = Date.UTC(2026, 10, 24, 18, 20);
  // At the anchor both clocks agree; `scale` times faster, project time has reached `begins` by now.
  return { scale, anchor: Math.round(now - (begins - now) / (scale - 1)) };
}

export interface TestStack extends Stack {
  /** Where its state, its logs and its secrets are, until it is stopped. */
  readonly stateFolder: string;
  readonly api: Api;
  /** GETs JSON from the API. */
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  /** Sends a body as it is and answers with status, headers and JSON. */
  post(path: string, body: string, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** GETs JSON from the sandbox's controls. */
  control<T>(path: string): Promise<T>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/**
 * The whole system as its users run it, each part a process of its own, in a temporary folder and on free ports.
 * @param clock what every process lives by
 * @param stateFolder goes when the stack stops, too
 * @param start the launcher's, of another checkout
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
    // Several stacks at once must not all find the usual ones free.
    findPort: () => freePort(),
  });
  const token: Record<string, string> = env.API_TOKEN ? { authorization: `Bearer ${env.API_TOKEN}` } : {};
  return {
    ...stack,
    stateFolder: folder,
    api: createApi({ url: stack.apiUrl, token: env.API_TOKEN }),
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
