import { z } from '@hono/zod-openapi';
import { commandShape, type CommandView } from '../commands/view.ts';
import { scheduleCheckShape, type ScheduleCheckView } from '../schedule/view.ts';
import problemTypes from './problems.json' with { type: 'json' };

type ProblemType = keyof typeof problemTypes;

interface ProblemDetails {
  readonly errors?: ReadonlyArray<{ readonly field: string; readonly message: string }>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowed?: readonly string[];
  readonly command?: CommandView;
  readonly schedule?: Pick<ScheduleCheckView, 'findings' | 'repaired' | 'goals'>;
}

/** Throw it anywhere in a request; `handleError` turns it into the response. */
export class Problem extends Error {
  readonly type: ProblemType;
  readonly details: ProblemDetails;

  constructor(type: ProblemType, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.name = 'Problem';
    this.type = type;
    this.details = details;
  }
}

const problemShape = z
  .object({
    type: z.string().openapi({ example: '/docs/problems#invalid-input' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe('The requested path'),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).describe('The invalid fields'),
    command: commandShape.optional().describe('Only with command-failed'),
    findings: scheduleCheckShape.shape.findings.optional().describe('Only with schedule-refused'),
    repaired: scheduleCheckShape.shape.repaired.optional().describe('Only with schedule-refused'),
    allowed: z
      .array(z.string())
      .optional()
      .describe('Only for calls of an upstream: method and path of each call that its file names'),
    goals: scheduleCheckShape.shape.goals.optional().describe('Only with schedule-refused'),
  })
  .openapi('Problem');

export function requireFound<T>(value: T | undefined, detail: string): T {
  if (value === undefined) throw new Problem('not-found', detail);
  return value;
}

const mediaType = 'application/problem+json';

export function problemResponse({ type, message, details }: Problem, instance: string): Response {
  const { status, title } = problemTypes[type];
  const { errors = [], headers, allowed, command, schedule } = details;
  const body: z.infer<typeof problemShape> = {
    type: `/docs/problems#${type}`,
    title,
    status,
    detail: message,
    instance,
    errors: [...errors],
    ...(allowed && { allowed: [...allowed] }),
    ...(command && { command }),
    ...schedule,
  };
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': mediaType, ...headers } });
}

function examplesOf(status: number) {
  const types = Object.entries(problemTypes).filter(([, type]) => type.status === status);
  return Object.fromEntries(
    types.map(([type, { title, example }]) => {
      const message = 'must be a whole number from 1 to 500';
      const errors = type === 'invalid-input' ? [{ field: 'limit', message }] : [];
      const value = { type: `/docs/problems#${type}`, title, status, ...example, errors };
      return [type, { summary: title, value }];
    }),
  );
}

export function problems<S extends number>(...statuses: readonly S[]) {
  const described = statuses.map((status) => {
    const known = Object.values(problemTypes).filter((type) => type.status === status);
    const description = known.map(({ title }) => title).join(', or: ');
    const content = { [mediaType]: { schema: problemShape, examples: examplesOf(status) } };
    return [status, { description, content }];
  });
  return Object.fromEntries(described) as {
    [K in S]: { description: string; content: { [mediaType]: { schema: typeof problemShape } } };
  };
}
