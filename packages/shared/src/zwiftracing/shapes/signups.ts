import { z } from 'zod';
import { escapedText, numericId, optional, rating, textId } from './fields.ts';
import { type ReadItems, readAs, readEach } from './read.ts';

const rider = z
  .object({ riderId: numericId, name: escapedText, race: optional({ rating }) })
  .transform(({ race, ...signup }) => ({ ...signup, rating: race?.rating ?? null }));

/** A rider who is signed up, and the pen. */
export type Signup = z.output<typeof rider> & { readonly pen: string };

export interface SignupItem {
  readonly signup: Signup;
  /** Upstream's own words. */
  readonly raw: unknown;
}

const penShape = z.object({ name: textId, riders: z.array(z.unknown()) });

/** Reads the signups of all pens. A pen that can't be read is told of as one skipped item without an id. */
export function readSignups(json: unknown): ReadItems<SignupItem> {
  const pens = readEach(
    readAs(z.array(z.unknown()), json),
    (raw) => readAs(penShape, raw),
    (_, index) => index,
  );
  const read = pens.items.map(({ name: pen, riders }) =>
    readEach(
      riders,
      (raw): SignupItem => ({ signup: { ...readAs(rider, raw), pen }, raw }),
      ({ signup }) => signup.riderId,
    ),
  );
  const byRider = new Map(read.flatMap(({ items }) => items.map((item) => [item.signup.riderId, item])));
  return {
    items: [...byRider.values()],
    skipped: [...pens.skipped, ...read.flatMap(({ skipped }) => skipped)],
  };
}
