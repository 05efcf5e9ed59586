import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startTestApi, type TestApi } from '@paceline/api/testing/api.ts';
import { runRealLimiter } from '@paceline/api/testing/services.ts';
import { runRealScheduler } from '@paceline/api/testing/services.ts';
import { eventually } from '@paceline/shared/testing';
import { runCli } from '../cli.ts';

/** The result of a finished command. */
export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that is still running. */
export interface RunningCommand {
  out(): string;
  err(): string;
  stop(): void;
  readonly ended: Promise<CommandResult>;
}

const operator = 'token-of-an-operator';
export const viewer = 'token-of-a-viewer';
export const operatorEnv = (url: string): NodeJS.ProcessEnv => ({
  PACELINE_URL: url,
  PACELINE_TOKEN: operator,
});

/** An API that requires a token, with the real limiter and scheduler. */
export async function startTestSystem(): Promise<{ test: TestApi; stop(): Promise<void> }> {
  const test = await startTestApi({ env: { API_TOKEN: operator, API_VIEWER_TOKEN: viewer } });
  const services = await Promise.all([runRealLimiter(test), runRealScheduler(test)]);
  await eventually(async () => {
    for (const path of ['/v1/budgets', '/v1/schedule']) {
      const { status } = await test.get(path, { authorization: `Bearer ${operator}` });
      if (status !== 200) throw new Error(`${path} is not ready`);
    }
  });
  return {
    test,
    async stop() {
      await Promise.all(services.map((service) => service.stop()));
      await test.stop();
    },
  };
}

/** Runs a command in this process. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): RunningCommand {
  const written = { out: '', err: '' };
  const stopping = new AbortController();
  const code = runCli(args, {
    env,
    output: { write: (piece) => (written.out += piece) },
    errorOutput: { write: (piece) => (written.err += piece) },
    read: () => Promise.resolve(input),
    signal: stopping.signal,
  });
  return {
    out: () => written.out,
    err: () => written.err,
    stop: () => stopping.abort(),
    ended: code.then((ended) => ({ code: ended, ...written })),
  };
}

/** Runs a command in its own process. */
export async function runProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<CommandResult> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../main.ts', import.meta.url)), ...args], {
    env: { PATH: process.env.PATH, ...env },
  });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, out, err };
}

/** A TCP proxy in front of an API, to break connections. */
export interface TestProxy {
  readonly url: string;
  dropConnections(): void;
  /** Drops all connections and accepts none until `open`. */
  close(): void;
  open(): void;
  stop(): void;
}

export async function startProxy(to: string): Promise<TestProxy> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((near) => {
    if (!isOpen) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    return near.pipe(far).pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const address = server.address();
  const ownPort = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${ownPort}`,
    dropConnections,
    close() {
      isOpen = false;
      dropConnections();
    },
    open: () => (isOpen = true),
    stop() {
      dropConnections();
      server.close();
    },
  };
}
