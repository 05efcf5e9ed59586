import type { Durability } from '@paceline/shared/contracts';
import { notRunning, type PartName, type PartReading, type PartState } from './model.ts';

/** A part as the API, the alerts, the dashboard and the CLI show it. The texts are null unless it is down. */
export interface SystemPart {
  readonly part: PartName;
  readonly state: PartState;
  /** Project ms; null while unknown. */
  readonly since: number | null;
  readonly title: string | null;
  readonly reason: string | null;
  readonly advice: string | null;
}

export interface HealthReader {
  /** Every part as last observed. */
  parts(): readonly SystemPart[];
  /** Whether a power cut can lose what the broker has acknowledged; undefined until it has been read. */
  durability(): Durability | undefined;
}

interface Description {
  /** As the subject of a sentence. */
  readonly subject: string;
  readonly effect: string;
  readonly advice: string;
}

const describedParts: Readonly<Record<PartName, Description>> = {
  broker: {
    subject: 'The broker',
    effect: 'No slots open, no calls start and no commands are accepted.',
    advice: 'Check that nats-server is running and that NATS_URL reaches it. Work resumes automatically.',
  },
  database: {
    subject: 'The database',
    effect: 'Data can be neither read nor stored, and no commands are accepted.',
    advice: 'Check that Postgres is running and that DATABASE_URL reaches it. Work resumes automatically.',
  },
  limiter: {
    subject: 'The limiter',
    effect: 'No calls to ZwiftRacing start.',
    advice: 'Start the limiter, or check its log for the cause.',
  },
  scheduler: {
    subject: 'The scheduler',
    effect: 'No slots open, and the schedule cannot be read or changed.',
    advice: 'Start the scheduler, or check its log for the cause.',
  },
  'rider-sync': {
    subject: 'rider-sync',
    effect: 'Added and imported riders wait, and no rider sync runs.',
    advice: 'Start rider-sync, or check its log for the cause.',
  },
  'event-sync': {
    subject: 'event-sync',
    effect: 'No near, far or results sync runs, and signups grow stale.',
    advice: 'Start event-sync, or check its log for the cause.',
  },
  upstream: {
    subject: 'ZwiftRacing',
    effect: 'Calls are retried automatically.',
    advice: 'Check ZWIFTRACING_BASE_URL and the network, or wait until ZwiftRacing is back.',
  },
};

const servers: ReadonlySet<PartName> = new Set(['broker', 'database', 'upstream']);

export const partsOf = (readings: readonly PartReading[]): SystemPart[] => readings.map(partOf);

function partOf(reading: PartReading): SystemPart {
  const { part, state, sinceAt: since } = reading;
  if (reading.state !== 'down') return { part, state, since, title: null, reason: null, advice: null };
  const { subject, effect, advice } = describedParts[part];
  const isMissing = reading.reason === notRunning;
  return {
    part,
    state,
    since,
    title: isMissing
      ? `No ${part} is running`
      : `${subject} ${servers.has(part) ? 'does not answer' : 'is not ready'}`,
    reason: isMissing ? effect : `${effect} ${reading.reason}.`,
    advice: reading.advice ?? advice,
  };
}

/** The title of the first of these parts that is down; undefined: none. */
export const obstacleOf = (parts: readonly SystemPart[], needed: readonly PartName[]): string | undefined =>
  needed.flatMap((name) => parts.find(({ part }) => part === name)?.title ?? [])[0];

/** What a service needs besides itself, so that it can do its work. */
const needs: Readonly<Partial<Record<PartName, readonly PartName[]>>> = {
  // Only to take over, so last.
  limiter: ['broker', 'limiter', 'database'],
  scheduler: ['broker', 'scheduler'],
  'rider-sync': ['broker', 'database', 'rider-sync', 'limiter'],
  'event-sync': ['broker', 'database', 'event-sync', 'limiter'],
};

/** Why a service cannot do its work now: the part that is down, not the service that merely needs it. */
export const obstacleFor = (parts: readonly SystemPart[], service: PartName): string | undefined =>
  obstacleOf(parts, needs[service] ?? [service]);
