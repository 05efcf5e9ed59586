import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

// Preloaded by every process of a measured system: names its connections to Postgres and watches its own heap and CPU.

/** What the process did between `start` and `stop`. */
export interface InsideReport {
  readonly garbage: ReturnType<GCProfiler['stop']>;
  /** Used heap at the start and at the end, bytes. */
  readonly heap: readonly [start: number, end: number];
  /** A V8 CPU profile, if it was requested. */
  readonly cpu: unknown;
}

let profiler = new GCProfiler();
let usedAtStart = 0;
let stopCpu: (() => Promise<unknown>) | undefined;

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  async start() {
    profiler = new GCProfiler();
    profiler.start();
    usedAtStart = getHeapStatistics().used_heap_size;
  },
  async cpu() {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 500 });
    await session.post('Profiler.start');
    stopCpu = async () => (await session.post('Profiler.stop')).profile;
  },
  async stop(): Promise<InsideReport> {
    const heap = [usedAtStart, getHeapStatistics().used_heap_size] as const;
    return { garbage: profiler.stop(), heap, cpu: await stopCpu?.() };
  },
};

async function answer(socket: Socket): Promise<void> {
  const [command] = (await once(socket, 'data')) as [Buffer];
  socket.end(JSON.stringify((await commands[command.toString()]?.()) ?? null));
}

const folder = process.env['PROFILE_SOCKETS'];
const service = process.env['OTEL_SERVICE_NAME'];
if (isMainThread && folder !== undefined) {
  if (service !== undefined) process.env['PGAPPNAME'] = service;
  const server = createServer((socket) => void answer(socket));
  server.listen(join(folder, `${process.pid}.sock`)).unref();
}
