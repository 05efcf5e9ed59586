import { z } from 'zod';
import { ageSeconds, iso } from './times.ts';

const time = z.iso.datetime();

/** A club whose members are synced. */
export const clubShape = z.object({
  clubId: z.int(),
  name: z.string(),
  members: z.int().describe('As the last pages of it showed them; who they are: `/v1/riders?clubId=…`'),
  fetchedAt: time.describe('When the last page of a whole pass over it was stored'),
  ageSeconds: z.int().describe('Seconds since then'),
});

export interface ClubRow {
  readonly clubId: number;
  readonly name: string;
  readonly members: number;
  readonly fetchedAt: number;
}

export const clubView = ({ fetchedAt, ...club }: ClubRow, now: number): z.infer<typeof clubShape> => ({
  ...club,
  fetchedAt: iso(fetchedAt),
  ageSeconds: ageSeconds(fetchedAt, now),
});
