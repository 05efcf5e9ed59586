import { z } from 'zod';
import { iso } from './times.ts';

/** What a rider was from a moment on. */
export const riderChangeShape = z.object({
  recordedAt: z.iso.datetime().describe('When an answer first said so'),
  rating: z.number().nullable(),
  weightKg: z.number().nullable(),
  zpFtp: z.number().nullable(),
  raw: z.unknown().describe("Upstream's answer as it came"),
});

export interface RiderChangeRow extends Omit<z.infer<typeof riderChangeShape>, 'recordedAt'> {
  readonly recordedAt: number;
}

export const riderChangeView = ({
  recordedAt,
  ...change
}: RiderChangeRow): z.infer<typeof riderChangeShape> => ({ recordedAt: iso(recordedAt), ...change });
