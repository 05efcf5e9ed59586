import type { MonitoredService, Presence } from '@paceline/shared/contracts';

/** The parts of an installation, the ones that others depend on first. */
export const partNames = [
  'broker',
  'database',
  'limiter',
  'scheduler',
  'rider-sync',
  'event-sync',
  'upstream',
] as const;
export type PartName = (typeof partNames)[number];

/** `unknown`: not observed yet, or not observable while another part is down. */
export const partStates = ['up', 'down', 'unknown'] as const;
export type PartState = (typeof partStates)[number];

/** What an observation says about a part. */
export type Observed =
  | { readonly state: 'up' }
  /** `since`: project ms, if known better than from the observations. `advice`: better than the usual one. */
  | { readonly state: 'down'; readonly reason: string; readonly since?: number; readonly advice?: string }
  | { readonly state: 'unknown' };

/** A part with the time since when it has been in its state, project ms; null while it is unknown. */
export type PartReading = Observed & { readonly part: PartName; readonly sinceAt: number | null };

/** A process of a service, as known from its last message. */
interface Process {
  readonly failing: Presence['failing'];
  /** Rounds that have ended since. */
  readonly silentRounds: number;
  /** Rounds since it was last ready, or first heard of. */
  readonly failingRounds: number;
}

interface ServiceState {
  readonly processes: ReadonlyMap<string, Process>;
  /** Rounds without any process since the broker was reached. */
  readonly emptyRounds: number;
  /** When a process was last heard of, project ms. */
  readonly seenAt: number | undefined;
}

/** Silent rounds after which a process is missed. A round trip to the broker brings every message sent before it. */
const maxSilentRounds = 3;
/** Rounds that a process can be unready without being reported: a start, or a partition that changes its owner. */
const maxFailingRounds = 2;
/** Rounds that a service, or a server, gets to appear after this process has started. */
const roundsToStart = { service: 10, server: 3 };

export interface HealthState {
  readonly readings: readonly PartReading[];
  readonly services: Readonly<Record<MonitoredService, ServiceState>>;
  readonly rounds: number;
  /** When a server last answered, project ms. */
  readonly answeredAt: Readonly<Partial<Record<'broker' | 'database', number>>>;
}

const unseen: ServiceState = { processes: new Map(), emptyRounds: 0, seenAt: undefined };

export const initialHealth: HealthState = {
  readings: partNames.map((part) => ({ part, state: 'unknown', sinceAt: null })),
  services: { scheduler: unseen, limiter: unseen, 'rider-sync': unseen, 'event-sync': unseen },
  rounds: 0,
  answeredAt: {},
};

/** What one round of pings found. */
export interface Round {
  readonly broker: Observed;
  readonly database: Observed;
  readonly upstream: Observed;
}

/** A process has announced itself, or that it leaves. @param now project ms */
export function presenceReceived(
  health: HealthState,
  service: MonitoredService,
  { process, failing, leaving }: Presence,
  now: number,
): HealthState {
  const processes = new Map(health.services[service].processes);
  if (leaving) processes.delete(process);
  else {
    const failingRounds = failing.length === 0 ? 0 : (processes.get(process)?.failingRounds ?? 0);
    processes.set(process, { failing, silentRounds: 0, failingRounds });
  }
  // The last one to leave has said so: no need to wait for silence.
  const emptyRounds = leaving && processes.size === 0 ? maxSilentRounds : 0;
  const changed = { processes, emptyRounds, seenAt: now };
  return read({ ...health, services: { ...health.services, [service]: changed } }, now);
}

/** A round has ended: processes that were silent for some rounds are gone. @param now project ms */
export function roundEnded(
  health: HealthState,
  { broker, database, upstream }: Round,
  now: number,
): HealthState {
  const isConnected = broker.state === 'up';
  const services = Object.fromEntries(
    Object.entries(health.services).map(([name, state]) => [
      name,
      isConnected ? older(state) : { ...unseen, seenAt: state.seenAt },
    ]),
  ) as HealthState['services'];
  const answeredAt = {
    ...health.answeredAt,
    ...(isConnected && { broker: now }),
    ...(database.state === 'up' && { database: now }),
  };
  const rounds = health.rounds + 1;
  const isStarting = (server: 'broker' | 'database') =>
    answeredAt[server] === undefined && rounds < roundsToStart.server;
  const observed: Round = {
    broker: isStarting('broker') ? { state: 'unknown' } : broker,
    database: isStarting('database') ? { state: 'unknown' } : database,
    upstream,
  };
  const readings = health.readings.map((reading) =>
    reading.part in observed
      ? changed(reading, observed[reading.part as keyof Round], health.answeredAt, now)
      : reading,
  );
  return read({ readings, services, rounds, answeredAt }, now);
}

function older({ processes, emptyRounds, seenAt }: ServiceState): ServiceState {
  const left = [...processes]
    .map(([id, process]) => [id, aged(process)] as const)
    .filter(([, { silentRounds }]) => silentRounds < maxSilentRounds);
  const emptyNow = processes.size === 0 ? emptyRounds + 1 : left.length === 0 ? maxSilentRounds : 0;
  return { processes: new Map(left), emptyRounds: emptyNow, seenAt };
}

const aged = ({ failing, silentRounds, failingRounds }: Process): Process => ({
  failing,
  silentRounds: silentRounds + 1,
  failingRounds: failing.length === 0 ? 0 : failingRounds + 1,
});

/** Derives the readings of the services from what was heard of them. */
function read(health: HealthState, now: number): HealthState {
  const readings = health.readings.map((reading) => {
    if (!(reading.part in health.services)) return reading;
    const service = reading.part as MonitoredService;
    const state = health.services[service];
    return changed(reading, observedService(state, health.readings), { [service]: state.seenAt }, now);
  });
  return { ...health, readings };
}

function observedService(
  { processes, emptyRounds, seenAt }: ServiceState,
  readings: readonly PartReading[],
): Observed {
  if (processes.size === 0) {
    const allowed = seenAt === undefined ? roundsToStart.service : maxSilentRounds;
    return emptyRounds >= allowed ? { state: 'down', reason: notRunning } : { state: 'unknown' };
  }
  // A server that is down for all is reported once, not again by each service that needs it.
  const isDown = (name: string) => readings.some(({ part, state }) => part === name && state === 'down');
  const problems = [...processes.values()].map(({ failing, failingRounds }) =>
    failingRounds < maxFailingRounds ? undefined : failing.find(({ check }) => !isDown(check)),
  );
  const [first] = problems;
  if (!first || problems.includes(undefined)) return { state: 'up' };
  return { state: 'down', reason: `${first.check}: ${first.reason}` };
}

/** The reason of a service without any process. */
export const notRunning = 'not running';

/** A reading after an observation: `sinceAt` changes with the state only. */
function changed(
  { part, state, sinceAt }: PartReading,
  observed: Observed,
  lastUp: Readonly<Partial<Record<string, number | undefined>>>,
  now: number,
): PartReading {
  if (observed.state === 'unknown') return { part, state: 'unknown', sinceAt: null };
  if (observed.state === state) return { part, ...observed, sinceAt };
  if (observed.state === 'up') return { part, ...observed, sinceAt: now };
  return { part, ...observed, sinceAt: observed.since ?? lastUp[part] ?? now };
}
