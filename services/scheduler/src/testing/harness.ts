import { jetstreamManager } from '@nats-io/jetstream';
import { formatClock, thisMachine } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import { catalog, type ChangeSchedule, type ScheduleReply, type Tick } from '@paceline/shared/contracts';
import { type Bus, connect, createBus, request } from '@paceline/shared/messaging';
import type { RunningService } from '@paceline/shared/runtime';
import { sharedBroker, type TestBroker, timeFor } from '@paceline/shared/testing/backend';
import { testEvening, type TestTime } from '@paceline/shared/testing/time';
import { schedulerVariables } from '../config.ts';
import { startScheduler } from '../service.ts';
import { testLog } from '@paceline/shared/testing';

/** A real broker with schedulers, and time that the test moves. */
export interface SchedulerHarness extends TestTime {
  /** When the test starts, project ms. */
  readonly startsAt: number;
  /** Environment for a scheduler that runs as a process. */
  readonly env: Record<string, string>;
  /** Sends requests with the permissions of the API. */
  readonly api: Bus;
  start(env?: Record<string, string>): Promise<HarnessScheduler>;
  /** Every tick on the stream, in order. */
  ticks(): Promise<Tick[]>;
  /** Every message in a stream, in order. */
  stored<T>(stream: string): Promise<T[]>;
  /** A connection with all permissions. */
  readonly admin: TestBroker['admin'];
  close(): Promise<void>;
}

export interface HarnessScheduler {
  /** Stops it while it is idle, so that it leaves the same state as a killed one. */
  stop(): Promise<void>;
}

const scale = 480;
/** A time when no slot is open. */
const startTime = testEvening + 21 * 60_000;

/** Real ms; a safety net, as a reply is awaited while time is stopped. */
export const replyTimeoutMs = 5 * 60_000;

/** @param runs whether time runs on its own, for tests with processes */
export async function openSchedulerHarness({ runs = false } = {}): Promise<SchedulerHarness> {
  const broker = await sharedBroker();
  const setting = { scale, anchor: runs ? thisMachine.now() : startTime };
  const time = await timeFor(broker, setting, runs);
  const log = testLog('scheduler-test');
  const api = createBus(await connect(broker.brokerUrl('api'), 'api'), log);
  const running = new Map<HarnessScheduler, RunningService>();

  async function stored<T>(stream: string): Promise<T[]> {
    const { streams } = await jetstreamManager(broker.admin);
    const { state } = await streams.info(stream);
    const sequences = Array.from({ length: state.last_seq }, (_, index) => index + 1);
    const found = await Promise.all(sequences.map((seq) => streams.getMessage(stream, { seq })));
    return found.flatMap((message) => (message ? [message.json<T>()] : []));
  }

  return {
    ...time,
    admin: broker.admin,
    startsAt: setting.anchor,
    env: { NATS_URL: broker.brokerUrl('scheduler'), PACELINE_CLOCK: formatClock(setting) },
    api,
    stored,
    ticks: () => stored<Tick>('TICKS'),
    async start(env = {}) {
      const config = loadConfig({ NATS_URL: broker.brokerUrl('scheduler'), ...env }, schedulerVariables);
      const { clock } = time;
      const { signal } = new AbortController();
      const service = await time.during(startScheduler({ name: 'scheduler', config, clock, log, signal }));
      const scheduler: HarnessScheduler = {
        async stop() {
          await time.quiet();
          if (!running.delete(scheduler)) return;
          await time.during(service.drain().then(() => service.close()));
        },
      };
      running.set(scheduler, service);
      return scheduler;
    },
    async close() {
      for (const scheduler of running.keys()) await scheduler.stop();
      await api.connection.close();
      await broker.close();
    },
  };
}

const minute = 60_000;

/** Requests a change like the API. Await it with time stopped: a worker thread checks it, which `quiet` can't see. */
export const changeSchedule = (
  harness: SchedulerHarness,
  requested: Partial<ChangeSchedule>,
): Promise<ScheduleReply> =>
  request(
    harness.api,
    catalog.changeSchedule,
    {},
    { version: null, change: null, despiteErrors: false, ...requested },
    replyTimeoutMs,
  );

/** A change to near slots at even intervals. */
export const nearEvery = (minutes: number) => ({
  kinds: { near: { opens: `every ${minutes}m`, durationMs: 2 * minute } },
});
