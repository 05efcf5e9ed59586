import type { ScheduleEdit, ScheduleSettings, SyncKind } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';

export const fields = ['mode', 'opens', 'duration', 'skip', 'catchUp'] as const;
export type Field = (typeof fields)[number];
export type KindSettings = ScheduleSettings['kinds'][SyncKind];

export function changeOf(inForce: ScheduleSettings, draft: ScheduleSettings): ScheduleEdit {
  const changed = kindNames
    .map((kind) => [kind, differing(inForce.kinds[kind], draft.kinds[kind])] as const)
    .filter(([, settings]) => Object.keys(settings).length > 0);
  return {
    ...(draft.timeZone !== inForce.timeZone && { timeZone: draft.timeZone }),
    ...(changed.length > 0 && { kinds: Object.fromEntries(changed) }),
  };
}

const differing = (from: KindSettings, to: KindSettings): Partial<KindSettings> =>
  Object.fromEntries(fields.filter((field) => from[field] !== to[field]).map((field) => [field, to[field]]));

export const isEmpty = (change: ScheduleEdit): boolean => Object.keys(change).length === 0;

export const withField = (
  draft: ScheduleSettings,
  kind: SyncKind,
  field: Field,
  value: string,
): ScheduleSettings => ({
  ...draft,
  kinds: { ...draft.kinds, [kind]: { ...draft.kinds[kind], [field]: value } },
});
