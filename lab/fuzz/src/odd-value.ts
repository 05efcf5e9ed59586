/** The same JSON with one field, wherever it stands, of another value; undefined: without it. */
export function withOddValue(right: unknown, at: number, odd: unknown): unknown {
  const value = structuredClone(right);
  const places = placesIn(value);
  const place = places[at % places.length];
  if (!place) return odd ?? null;
  place.of[place.key] = odd;
  return value;
}

function placesIn(value: unknown): Array<{ of: Record<string, unknown>; key: string }> {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((key) => [{ of, key }, ...placesIn(of[key])]);
}
