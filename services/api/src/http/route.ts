import type { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Checks } from '@paceline/shared/runtime';
import type { CancelCommand } from '../commands/cancel.ts';
import type { Keys } from '../commands/idempotency.ts';
import type { SubmitCommand } from '../commands/submit.ts';
import type { Peers } from '../peers.ts';
import type { Triggers } from '../runs/trigger.ts';
import type { Feed } from '../stream/feed.ts';
import type { CurrentWindows } from './rate-limit.ts';

/** What the routes work with. */
export interface Services extends Peers {
  readonly db: Database;
  readonly clock: Clock;
  /** Of the upstream key, as the limiter knows it. */
  readonly account: string;
  readonly triggers: Triggers;
  readonly cancelCommand: CancelCommand;
  readonly submitCommand: SubmitCommand;
  /** For requests with an `Idempotency-Key`. */
  readonly keys: Keys;
  /** For the `RateLimit` headers of commands. */
  readonly windows: CurrentWindows;
  readonly feed: Feed;
  /** Where a trace is shown, with `:id` in the place of its id. */
  readonly traceUrl: string | undefined;
  readonly checks: Checks;
  /** Aborts when the API shuts down: no request is kept waiting then. */
  readonly stopping: AbortSignal;
}

/** Adds one resource's routes to the app. */
export type AddRoutes = (app: OpenAPIHono, services: Services) => void;

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });

/** An answer of a route. */
export const jsonOf = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: json(schema),
});

/** The body of a request. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: json(schema) },
});
