import { describe, expect, it } from 'vitest';
import type { ZwiftRacing } from '../zwiftracing/index.ts';
import type { Permit } from './permit.ts';

/** Never run: the compiler is the test. Each expected error that is missing fails `npm run check`. */
const bypasses = (upstream: ZwiftRacing, permit: Permit<'events'>) => [
  // @ts-expect-error a call needs a permit
  () => upstream.getClub(20650),
  // @ts-expect-error the permit must be of its endpoint
  () => upstream.getClub(permit, 20650),
  // @ts-expect-error no other module can create a permit
  () => upstream.getUpcomingEvents({ id: '1', endpoint: 'events', use() {}, settle() {} }),
];

describe('an upstream call', () => {
  it('does not compile without the permit of its endpoint', () => {
    expect(bypasses).toBeTypeOf('function');
  });
});
