/**
 * Pairs rows with columns, each at most once, so that the sum of the worths is the highest that there is: shortest
 * augmenting paths, one per row. Cheapest with fewer rows than columns.
 * @param worth of row `r` with column `c`: `worth[r * columns + c]`; pairs at 0 or below are not used
 * @returns the column of each row, -1 for none
 */
export function assign(worth: Float64Array, rows: number, columns: number): Int32Array {
  // Each row has an empty column of its own beside the others, worth 0. Index 0 of the arrays is the row being paired.
  const all = columns + rows;
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(all + 1);
  const rowOf = new Int32Array(all + 1);
  const reachedFrom = new Int32Array(all + 1);
  const distance = new Float64Array(all + 1);
  const done = new Uint8Array(all + 1);

  for (let row = 1; row <= rows; row += 1) {
    distance.fill(Infinity);
    done.fill(0);
    rowOf[0] = row;
    let column = 0;
    while (column === 0 || rowOf[column] !== 0) column = nearestFrom(column);
    while (column !== 0) {
      const before = reachedFrom[column] ?? 0;
      rowOf[column] = rowOf[before] ?? 0;
      column = before;
    }
  }
  const columnOf = new Int32Array(rows).fill(-1);
  for (let column = 1; column <= columns; column += 1) {
    const row = rowOf[column] ?? 0;
    if (row > 0) columnOf[row - 1] = column - 1;
  }
  return columnOf;

  /** Extends the search from a column, and returns the nearest one that it has not reached before. */
  function nearestFrom(column: number): number {
    done[column] = 1;
    const row = rowOf[column] ?? 0;
    const paid = rowPrice[row] ?? 0;
    const first = (row - 1) * columns - 1;
    let shortest = Infinity;
    let nearest = 0;
    for (let next = 1; next <= all; next += 1) {
      if (done[next] === 1) continue;
      let length = Infinity;
      if (next <= columns) {
        const gained = worth[first + next] ?? 0;
        if (gained > 0) length = -gained - paid - (columnPrice[next] ?? 0);
      } else if (next - columns === row) length = -paid - (columnPrice[next] ?? 0);
      if (length < (distance[next] ?? 0)) {
        distance[next] = length;
        reachedFrom[next] = column;
      }
      if ((distance[next] ?? 0) < shortest) {
        shortest = distance[next] ?? 0;
        nearest = next;
      }
    }
    for (let each = 0; each <= all; each += 1) {
      if (done[each] === 1) {
        rowPrice[rowOf[each] ?? 0] = (rowPrice[rowOf[each] ?? 0] ?? 0) + shortest;
        columnPrice[each] = (columnPrice[each] ?? 0) - shortest;
      } else distance[each] = (distance[each] ?? 0) - shortest;
    }
    return nearest;
  }
}
