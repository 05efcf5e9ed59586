import type { Machine } from '../clock/index.ts';
import { type MonitoredService, type Presence, presenceOf } from '../contracts/index.ts';
import { type Bus, signal } from '../messaging/index.ts';
import { type Checks, readiness } from './health.ts';

/** Real ms between two messages. The API misses a process after three. */
export const presenceIntervalMs = 1_000;
/** Real ms for the checks of one message: a database that hangs must not delay it for long. */
const maxCheckMs = 1_000;

export interface PresenceOptions {
  readonly service: MonitoredService;
  readonly bus: Bus;
  readonly checks: Checks;
  readonly machine: Machine;
}

/** Announces this process to the API, with its failing checks, until `leave`. */
export function announcePresence({ service, bus, checks, machine }: PresenceOptions): { leave(): void } {
  const process = crypto.randomUUID();
  let isLeaving = false;
  let cancelTimer = () => {};

  const announce = (failing: Presence['failing']) => {
    const { connection } = bus;
    if (connection.isClosed() || connection.isDraining()) return;
    signal(bus, presenceOf[service], {}, { process, failing, leaving: isLeaving });
  };

  async function run(): Promise<void> {
    const [isConnected, failing] = await Promise.all([isBrokerReached(bus), failingChecks(checks)]);
    if (isLeaving) return;
    // Without a broker, messages would only pile up until it is back.
    if (isConnected) announce(failing);
    cancelTimer = machine.after(presenceIntervalMs, () => void run());
  }
  void run();

  return {
    leave() {
      isLeaving = true;
      cancelTimer();
      announce([]);
    },
  };
}

async function failingChecks(checks: Checks): Promise<Presence['failing']> {
  const { checks: results } = await readiness(checks, maxCheckMs);
  return Object.entries(results).flatMap(([check, reason]) => (reason === 'ok' ? [] : [{ check, reason }]));
}

async function isBrokerReached({ connection }: Bus): Promise<boolean> {
  const { ready } = await readiness({ broker: () => connection.rtt().then(() => undefined) }, maxCheckMs);
  return ready;
}
