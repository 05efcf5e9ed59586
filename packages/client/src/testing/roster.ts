/** A made-up team roster of 800 lines, and the ids that it holds. */
export function exampleRoster(): { readonly text: string; readonly riderIds: readonly number[] } {
  const names = [
    (at: number) => `Rider ${at}`,
    (at: number) => `"Rider, ${at}"`,
    (at: number) => `"J ""CloudRacer-${at}"" | 2026"`,
    () => '"Pat O&#039;Neil"',
    (at: number) => `"two\nlines ${at}"`,
    (at: number) => `[TEAM 4500999] Bo #${at}`,
  ];
  const rows: string[] = ['Team roster 2026', '', 'name,power,zwid,kg'];
  const riderIds: number[] = [];
  let lines = rows.length;
  for (let at = 0; lines < 798; at += 1) {
    const name = names[at % names.length]?.(at) ?? '';
    const riderId = 4_900_000 + at * 7;
    const row =
      at % 20 === 19 ? `# left: ${name.replaceAll('\n', ' ')},${riderId}` : `${name},${at},${riderId},68.5`;
    if (!row.startsWith('#')) riderIds.push(riderId);
    rows.push(...(at % 50 === 49 ? [row, ''] : [row]));
    lines = rows.join('\n').split('\n').length;
  }
  return { text: `${rows.join('\n')}\n`, riderIds };
}
