import { kindNames, kinds } from '@paceline/shared/definition';
import { howLong } from '@paceline/shared/words';
import { formatDuration } from '@paceline/shared/config';
import type { Plan } from './plan.ts';
import type { Schedule } from './slots.ts';

/** The lines of `.env` that set a plan's slots. */
export function envOf({ schedules }: Plan): string[] {
  const [first] = schedules;
  return [
    ...(first ? [`SLOT_TIME_ZONE=${first.timeZone}`] : []),
    ...schedules.flatMap(({ kind, opens, durationMs }) => [
      `SLOT_${kind.toUpperCase()}=${opens}`,
      `SLOT_${kind.toUpperCase()}_DURATION=${formatDuration(durationMs)}`,
    ]),
  ];
}

/** What another plan does differently, in words. */
export const differencesOf = (plan: Plan, other: Plan): string[] =>
  kindNames.flatMap((kind) => {
    const [before, after] = [slotsIn(plan), slotsIn(other)].map((say) => say(kind));
    const [wanted, honest] = [promiseIn(plan), promiseIn(other)].map((say) => say(kind));
    return [
      ...(before === after ? [] : [`${kind} slots: ${after} instead of ${before}`]),
      ...(wanted === honest
        ? []
        : [`each ${kinds[kind].thing} is promised a refresh ${honest} instead of ${wanted}`]),
    ];
  });

const slotsIn =
  ({ schedules }: Plan) =>
  (kind: Schedule['kind']): string => {
    const schedule = schedules.find((each) => each.kind === kind);
    return schedule ? `${schedule.opens} for ${howLong(schedule.durationMs)}` : 'none';
  };

export const promiseIn =
  ({ promises }: Plan) =>
  (kind: Schedule['kind']): string => {
    const promised = promises.find((each) => each.kind === kind);
    if (!promised) return 'at no time';
    return promised.within === 'cycle' ? 'in every cycle' : `every ${howLong(promised.within)}`;
  };
