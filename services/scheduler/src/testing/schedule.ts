import { catalog, type ChangeSchedule, type ScheduleAnswer } from '@paceline/shared/contracts';
import { request } from '@paceline/shared/messaging';
import { patience, type Stage } from './stage.ts';

const minute = 60_000;

/** Asks for a change as the API does. Await it with time standing still: a thread judges it, which `quiet` does not see. */
export const changeSchedule = (stage: Stage, asked: Partial<ChangeSchedule>): Promise<ScheduleAnswer> =>
  request(
    stage.api,
    catalog.changeSchedule,
    {},
    { version: null, change: null, despiteErrors: false, ...asked },
    patience,
  );

/** Near slots at even distances, in place of the configured ones. */
export const nearEvery = (minutes: number) => ({
  kinds: { near: { opens: `every ${minutes}m`, durationMs: 2 * minute } },
});
