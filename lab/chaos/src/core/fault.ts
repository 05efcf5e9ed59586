import { type Policy, services } from '@paceline/shared/contracts';
import type { Budget } from '@paceline/shared/definition';

/** What can be broken, in the order in which it is told. */
export const faultKinds = [
  'kill',
  'kill-several',
  'freeze',
  'rolling-restart',
  'broker-restart',
  'broker-node-away',
  'broker-quorum-lost',
  'journal-disk-full',
  'database-restart',
  'database-away',
  'network-slow',
  'network-stalled',
  'network-half-open',
  'network-cut',
  'upstream-errors',
  'upstream-hangs',
  'upstream-resets',
  'upstream-garbage',
  'upstream-restart',
  'policy-stricter',
  'policy-looser',
  'foreign-caller',
  'clock-jump',
  'messages-doubled',
  'messages-reordered',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The processes and servers that can be broken. */
export interface Crew {
  /** Each process of a service. */
  readonly services: readonly string[];
  readonly brokers: readonly string[];
}

/** One thing that is broken and healed again. */
export interface Fault {
  readonly kind: FaultKind;
  /** Real ms after the load has begun. */
  readonly at: number;
  /** Real ms until it is healed. */
  readonly lasts: number;
  /** The processes, servers or links (`rider-sync>broker`) that it befalls; empty: upstream, or the messages. */
  readonly targets: readonly string[];
  /** How much of it: ms of delay, how many calls or messages, project minutes of a jump. */
  readonly amount: number;
  /** Of a changed policy or a foreign caller. */
  readonly budget?: Budget;
  readonly policy?: Policy;
}

/** `+12.3 s  freeze 4.1 s: limiter, api` */
export function tellFault({ kind, at, lasts, targets, amount, budget, policy }: Fault): string {
  const details = [
    ...(lasts > 0 ? [`${(lasts / 1_000).toFixed(1)} s`] : []),
    ...targets,
    ...(amount === 0 ? [] : [`× ${amount}`]),
    ...(budget ? [budget] : []),
    ...(policy ? [`${policy.limit} per ${policy.windowMs / 60_000} min`] : []),
  ];
  return `+${(at / 1_000).toFixed(1).padStart(5)} s  ${kind.padEnd(18)} ${details.join(', ')}`;
}

/**
 * The processes and servers, by the names that the launcher gives them.
 * @param replicas e.g. `limiter=2,rider-sync=2`; default one of each
 */
export function crewOf(replicas: string, brokers: number): Crew {
  const counts = new Map(
    replicas
      .split(',')
      .filter(Boolean)
      .map((each) => {
        const [name = '', count] = each.split('=');
        return [name, Number(count)] as const;
      }),
  );
  return {
    services: services.flatMap((service) => numbered(service, counts.get(service) ?? 1, (name) => name)),
    brokers: brokers === 1 ? ['nats'] : numbered('nats', brokers, (name) => `${name}-1`),
  };
}

const numbered = (name: string, count: number, first: (name: string) => string): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? first(name) : `${name}-${index + 1}`));
