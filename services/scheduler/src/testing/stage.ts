import { jetstreamManager } from '@nats-io/jetstream';
import { formatClock, thisMachine } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import { catalog, type ChangeSchedule, type ScheduleReply, type Tick } from '@paceline/shared/contracts';
import { type Bus, connect, createBus, request } from '@paceline/shared/messaging';
import type { RunningService } from '@paceline/shared/runtime';
import { sharedBroker, timeFor } from '@paceline/shared/testing/backend';
import { testEvening, type TestTime } from '@paceline/shared/testing/time';
import { schedulerVariables } from '../config.ts';
import { startScheduler } from '../service.ts';
import { testLog } from '@paceline/shared/testing';

/** A real broker with schedulers on it, and time that the test moves. */
export interface Stage extends TestTime {
  /** The moment at which time begins. */
  readonly begin: number;
  /** The environment of a scheduler that runs as a process on this stage. */
  readonly env: Record<string, string>;
  /** Asks the schedulers as the API does. */
  readonly api: Bus;
  start(env?: Record<string, string>): Promise<StagedScheduler>;
  /** Every tick that is on the stream, in order. */
  ticks(): Promise<Tick[]>;
  /** Every message that a stream holds, in order. */
  stored<T>(stream: string): Promise<T[]>;
  close(): Promise<void>;
}

export interface StagedScheduler {
  /** Ends it; once. Nothing is under way then, so what it leaves is what a killed one leaves. */
  stop(): Promise<void>;
}

/** Says how often the schedulers look by themselves. */
const scale = 480;
/** No slot is open then. */
const beginning = testEvening + 21 * 60_000;

/** Real ms: a net under an answer that is waited for while time stands still. */
export const patience = 5 * 60_000;

/** @param runs time goes by itself, for tests of processes */
export async function openStage({ runs = false } = {}): Promise<Stage> {
  const place = await sharedBroker();
  const setting = { scale, anchor: runs ? thisMachine.now() : beginning };
  const time = await timeFor(place, setting, runs);
  const log = testLog('scheduler-test');
  const api = createBus(await connect(place.brokerUrl('api'), 'api'), log);
  const running = new Map<StagedScheduler, RunningService>();

  async function stored<T>(stream: string): Promise<T[]> {
    const { streams } = await jetstreamManager(place.admin);
    const { state } = await streams.info(stream);
    const sequences = Array.from({ length: state.last_seq }, (_, index) => index + 1);
    const found = await Promise.all(sequences.map((seq) => streams.getMessage(stream, { seq })));
    return found.flatMap((message) => (message ? [message.json<T>()] : []));
  }

  return {
    ...time,
    begin: setting.anchor,
    env: { NATS_URL: place.brokerUrl('scheduler'), PACELINE_CLOCK: formatClock(setting) },
    api,
    stored,
    ticks: () => stored<Tick>('TICKS'),
    async start(env = {}) {
      const config = loadConfig({ NATS_URL: place.brokerUrl('scheduler'), ...env }, schedulerVariables);
      const { clock } = time;
      const { signal } = new AbortController();
      const service = await time.during(startScheduler({ name: 'scheduler', config, clock, log, signal }));
      const scheduler: StagedScheduler = {
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
      await place.close();
    },
  };
}

const minute = 60_000;

/** Asks for a change as the API does. Await it with time standing still: a thread judges it, which `quiet` does not see. */
export const changeSchedule = (stage: Stage, asked: Partial<ChangeSchedule>): Promise<ScheduleReply> =>
  request(
    stage.api,
    catalog.changeSchedule,
    {},
    { version: null, change: null, despiteErrors: false, ...asked },
    patience,
  );

/** Near slots at even distances, in place of the configured ones. */
export const nearEvery = (minutes: number) => ({
  kinds: { near: { opens: `every ${minutes}m`, durationMs: 2 * minute } },
});
