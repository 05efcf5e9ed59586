import { z } from 'zod';

export const clockShape = z.object({
  now: z.iso.datetime(),
  scale: z.number().describe('Seconds that pass here in one of yours: 1, or more against a sandbox'),
});
export type ClockView = z.infer<typeof clockShape>;
