/** What the list of riders shows besides its order, as its address says. */
export interface RiderFilter {
  readonly q: string | undefined;
  readonly clubId: number | undefined;
}

export function riderFilterOf(query: URLSearchParams): RiderFilter {
  const clubId = Number(query.get('clubId'));
  return {
    q: query.get('q')?.trim() || undefined,
    clubId: Number.isInteger(clubId) && clubId > 0 ? clubId : undefined,
  };
}
