import { z } from '@hono/zod-openapi';

export const time = z.iso.datetime();

export const iso = (ms: number): string => new Date(ms).toISOString();

/** As `iso`, and null for what is not known or has not happened. */
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

type Iso<Ms> = Ms extends number ? string : null;

/** These fields of a row, in ms, as JSON shows them. */
export const isoTimes = <Name extends string, Row extends Readonly<Record<Name, number | null>>>(
  row: Row,
  ...names: readonly Name[]
): { [N in Name]: Iso<Row[N]> } =>
  Object.fromEntries(names.map((name) => [name, isoOrNull(row[name])])) as { [N in Name]: Iso<Row[N]> };

/** What is stored of something that is shown as `View`: these fields in ms. */
export type RowOf<View, Times extends keyof View> = {
  readonly [Name in keyof View]: Name extends Times ? Exclude<View[Name], string> | number : View[Name];
};

/** Whole seconds of project time since `ms`. */
export const ageSeconds = (ms: number, now: number): number => Math.max(0, Math.floor((now - ms) / 1_000));

export const traceIdShape = z
  .string()
  .nullable()
  .describe('The trace that shows how it went, in Jaeger and in the logs; null: of before traces were kept');

export const traceIdOf = (traceparent: string | null): string | null => traceparent?.split('-')[1] ?? null;
