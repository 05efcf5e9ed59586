import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Checks } from '@paceline/shared/runtime';
import type { AskRun } from '../adapters/ask-run.ts';
import type { Budgets } from '../adapters/budgets.ts';
import type { Cancel } from '../adapters/cancel.ts';
import type { CurrentWindows } from '../adapters/current-windows.ts';
import type { Feed } from '../adapters/feed.ts';
import type { Freshness } from '../adapters/freshness.ts';
import type { Keys } from '../adapters/idempotency.ts';
import type { LimiterStatus } from '../adapters/limiter-status.ts';
import type { Schedules } from '../adapters/schedules.ts';
import type { TakeCommand } from '../adapters/take-command.ts';

/** What the routes work with. */
export interface Services {
  readonly db: Database;
  readonly clock: Clock;
  /** Whose windows these are. */
  readonly account: string;
  readonly askRun: AskRun;
  readonly cancel: Cancel;
  readonly takeCommand: TakeCommand;
  /** For requests with an `Idempotency-Key`. */
  readonly keys: Keys;
  /** What is said of the windows beside the answer to a command. */
  readonly windows: CurrentWindows;
  readonly limiterStatus: LimiterStatus;
  readonly budgets: Budgets;
  readonly freshness: Freshness;
  readonly schedules: Schedules;
  readonly feed: Feed;
  /** Where a trace is shown, with `:id` in the place of its id; undefined: nobody has said. */
  readonly traceUrl: string | undefined;
  readonly checks: Checks;
  /** Aborts when the API shuts down: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

/** Adds one resource's routes to the app. */
export type AddRoutes = (app: OpenAPIHono, services: Services) => void;
