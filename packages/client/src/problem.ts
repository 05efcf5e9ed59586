import type { Problem } from './generated.ts';

type FieldError = NonNullable<Problem['errors']>[number];

/** The API refused a request (RFC 9457); the message is its `detail`. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  readonly body: Partial<Problem>;

  constructor(status: number, body: Partial<Problem>) {
    super(body.detail ?? `The API answered ${status}`);
    this.status = status;
    this.body = body;
  }

  get errors(): readonly FieldError[] {
    return this.body.errors ?? [];
  }
}

/** Nothing answered, or something that is not the API. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/** Reads problem+json, or whatever else came instead of an answer. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  return new ApiProblem(response.status, (body ?? {}) as Partial<Problem>);
}

/** Away, busy with the same request, or without a part of itself: the API may answer in a moment. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof ApiProblem && [409, 503].includes(error.status));

export const wordsOf = (error: Error): string =>
  error instanceof ApiProblem && error.errors.length > 0
    ? error.errors.map(({ field, message }) => `${field} ${message}`).join('; ')
    : error.message;

export const messageAt = (error: Error | null, field: string): string | undefined =>
  error instanceof ApiProblem ? error.errors.find((each) => each.field === field)?.message : undefined;
