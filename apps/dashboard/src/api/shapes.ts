import type { conflictShape } from '@paceline/api/core/conflict.ts';
import type { permitShape } from '@paceline/api/core/permit.ts';
import type { queueShape } from '@paceline/api/core/queue.ts';
import type { sourceShape } from '@paceline/api/core/source.ts';

/** What the API answers, by the API's own types: they are looked at when types are checked, and nothing of them runs here. */
export type { AlertView as Alert } from '@paceline/api/core/alert.ts';
export type { BudgetView as Budget } from '@paceline/api/core/budget.ts';
export type { ClockView as Clock } from '@paceline/api/core/clock.ts';
export type { CommandView as Command } from '@paceline/api/core/command.ts';
export type { EventView as Event } from '@paceline/api/core/event.ts';
export type { FreshnessView as Freshness } from '@paceline/api/core/freshness.ts';
export type { RiderDetailView as RiderDetail } from '@paceline/api/core/rider.ts';
export type { RunDetailView as RunDetail, RunView as Run } from '@paceline/api/core/run.ts';
export type { CommandRiderView as CommandRider } from '@paceline/api/core/command-rider.ts';
export type { ScheduleView as Schedule, SettingsView as Settings } from '@paceline/api/core/schedule.ts';
export type { JudgedView as Judged } from '@paceline/api/core/judged.ts';
export type { StreamType } from '@paceline/api/core/told.ts';
export type { Budget as BudgetName, Lane, SyncKind } from '@paceline/shared/definition';

export type Conflict = (typeof conflictShape)['_output'];
export type Permit = (typeof permitShape)['_output'];
export type Queue = (typeof queueShape)['_output'];
export type Source = (typeof sourceShape)['_output'];

/** What every list answers. */
export interface List<Item> {
  readonly items: Item[];
  /** The cursor of the next page; null: this is the last one. */
  readonly next: string | null;
}
