import { services } from '@paceline/shared/contracts';
import type { Crew } from './fault.ts';

/**
 * Who is there, by the names that the launcher gives them.
 * @param replicas e.g. `limiter=2,rider-sync=2`; of those that are not named there is one
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
