import { z } from 'zod';
import { type Service, services } from '../contracts/vocabulary.ts';

/** How many processes of each service run. */
export type Replicas = Readonly<Record<Service, number>>;

/** There are as many partitions: a limiter more would have nothing to decide. */
const most = 8;

/** `2`: so many of each. `limiter=3,rider-sync=2`: so many of these, one of the others. */
export const replicas = z.string().transform((text, context): Replicas => {
  const parts = text.split(',').map((part) => part.trim());
  const counts = /^\d+$/.test(text.trim())
    ? services.map((name) => [name, Number(text)] as const)
    : parts.map((part) => {
        const [, name, count] = /^([a-z-]+)=(\d+)$/.exec(part) ?? [];
        return [services.find((each) => each === name), Number(count)] as const;
      });
  if (counts.some(([name, count]) => name === undefined || !(count >= 1 && count <= most))) {
    context.addIssue({
      code: 'custom',
      message: `must be a number from 1 to ${most}, or e.g. limiter=3,rider-sync=2 (${services.join(', ')})`,
    });
    return z.NEVER;
  }
  const one = Object.fromEntries(services.map((name) => [name, 1]));
  return { ...one, ...Object.fromEntries(counts) } as Replicas;
});
