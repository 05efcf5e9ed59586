/** The message of an error's innermost cause, for failures whose stack says nothing, such as an outage. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // Node's error for a host with several addresses has no message of its own.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return error.message || (first === undefined ? error.name : reasonOf(first));
}
