/** What the API says is wrong (RFC 9457), as far as anything here reads it. */
interface Told {
  readonly type?: string;
  readonly detail?: string;
  readonly errors?: ReadonlyArray<{ readonly field: string; readonly message: string }>;
}

/** The API refused, in its words. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  /** The whole answer, as it came. */
  readonly body: object;

  constructor(status: number, { errors = [], ...body }: Told) {
    const fields = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
    super(fields || (body.detail ?? `The API answered ${status}`));
    this.status = status;
    this.body = { ...body, status, errors };
  }
}

/** Nobody answered, or somebody who is no API. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/** Reads problem+json, or whatever else came instead of an answer. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  return new ApiProblem(response.status, (body ?? {}) as Told);
}
