import { z } from '@hono/zod-openapi';

export const time = z.iso.datetime();

export const iso = (ms: number): string => new Date(ms).toISOString();

/** Like `iso`; null for unknown or not yet. */
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

type Iso<Ms> = Ms extends number ? string : null;

/** The named time fields of a row (ms), as ISO 8601. */
export const isoTimes = <Name extends string, Row extends Readonly<Record<Name, number | null>>>(
  row: Row,
  ...names: readonly Name[]
): { [N in Name]: Iso<Row[N]> } =>
  Object.fromEntries(names.map((name) => [name, isoOrNull(row[name])])) as { [N in Name]: Iso<Row[N]> };

/** The row behind a `View`: its time fields are ms. */
export type RowOf<View, Times extends keyof View> = {
  readonly [Name in keyof View]: Name extends Times ? Exclude<View[Name], string> | number : View[Name];
};

/** Whole seconds of project time since `ms`. */
export const ageSeconds = (ms: number, now: number): number => Math.max(0, Math.floor((now - ms) / 1_000));

export const traceIdShape = z
  .string()
  .nullable()
  .describe('Trace id, for Jaeger and the logs; null if it was not traced');

export const traceIdOf = (traceparent: string | null): string | null => traceparent?.split('-')[1] ?? null;
