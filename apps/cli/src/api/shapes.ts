import type { queueShape } from '@paceline/api/core/queue.ts';

/** What the API answers, by the API's own types: they are looked at when types are checked, and nothing of them runs here. */
export type { AlertView as Alert } from '@paceline/api/core/alert.ts';
export type { BudgetView as Budget } from '@paceline/api/core/budget.ts';
export type { ClockView as Clock } from '@paceline/api/core/clock.ts';
export type { CommandRiderView as CommandRider } from '@paceline/api/core/command-rider.ts';
export type { CommandView as Command } from '@paceline/api/core/command.ts';
export type { JudgedView as Judged } from '@paceline/api/core/judged.ts';
export type { RiderDetailView as Rider } from '@paceline/api/core/rider.ts';
export type { CallView as Call, RunDetailView as RunDetail, RunView as Run } from '@paceline/api/core/run.ts';
export type { ScheduleView as Schedule, SettingsView as Settings } from '@paceline/api/core/schedule.ts';
export type { Shown as Told } from '@paceline/api/core/told.ts';
export type { Budget as BudgetName, Lane, SyncKind } from '@paceline/shared/definition';

export type Queue = (typeof queueShape)['_output'];

/** What every list answers. */
export interface List<Item> {
  readonly items: Item[];
  /** The cursor of the next page; null: this is the last one. */
  readonly next: string | null;
}
