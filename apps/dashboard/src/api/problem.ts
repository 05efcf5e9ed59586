export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** What the API refused, in its words; `status` 0: it could not be reached. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(status: number, detail: string, errors: readonly FieldError[] = []) {
    super(detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.errors = errors;
  }
}

/** Reads problem+json, or whatever else came instead of an answer. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  const { detail, errors } = (body ?? {}) as { detail?: string; errors?: FieldError[] };
  return new ApiProblem(response.status, detail ?? `The API answered ${response.status}`, errors);
}
