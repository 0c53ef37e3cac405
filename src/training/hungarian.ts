/**
 * The Hungarian method: pairs rows with columns, each at most once and as many as there can be, so
 * that the sum of costs is least.
 *
 *     min over σ of Σ_i cost[i][σ(i)]
 *
 * Rows are added one by one. Numbers u (of rows) and v (of columns) are kept such that
 * cost[i][j] − u_i − v_j ≥ 0, and = 0 for every pair: then no other pairing is cheaper. A new row
 * takes the cheapest path of free and taken columns to one that is free, as in Dijkstra's search,
 * and the pairs along the path shift by one.
 *
 * Takes O(n² m) steps for n ≤ m. Has no gradient. Source: Kuhn (1955); the search by shortest paths
 * is that of Jonker and Volgenant (1987).
 *
 * @param cost [rows][columns], finite numbers
 * @returns pairs [row, column], min(rows, columns) of them, ordered by row
 * @throws if rows differ in length, or a cost is not finite
 */
export function hungarian(cost: readonly ArrayLike<number>[]): [row: number, column: number][] {
  const [rows, columns] = [cost.length, cost[0]?.length ?? 0];
  cost.forEach((row, i) => {
    if (row.length !== columns) {
      throw new Error(`cost: row 0 has ${columns} columns, row ${i} has ${row.length}`);
    }
    const wrong = Array.from(row).findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new Error(`cost: expected finite numbers, got ${row[wrong]} at [${i}][${wrong}]`);
  });
  if (rows > columns) {
    const transposed = Array.from({ length: columns }, (_, j) => cost.map((row) => row[j]));
    return hungarian(transposed)
      .map(([column, row]): [number, number] => [row, column])
      .sort(([a], [b]) => a - b);
  }

  const u = new Float64Array(rows);
  const v = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  for (let start = 0; start < rows; start++) {
    const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    const previous = new Int32Array(columns).fill(-1); // the column before, on the path
    const reached: number[] = []; // columns whose distance is final
    const open = new Set(rowOf.keys());
    let [row, column, length] = [start, -1, 0];
    do {
      let nearest = -1;
      for (const j of open) {
        const through = length + cost[row][j] - u[row] - v[j];
        if (through < distance[j]) [distance[j], previous[j]] = [through, column];
        if (nearest < 0 || distance[j] < distance[nearest]) nearest = j;
      }
      [column, length] = [nearest, distance[nearest]];
      open.delete(column);
      reached.push(column);
      row = rowOf[column];
    } while (row >= 0);

    u[start] += length;
    for (const j of reached) {
      if (rowOf[j] >= 0) u[rowOf[j]] += length - distance[j];
      v[j] -= length - distance[j];
    }
    for (let j = column; j >= 0; j = previous[j]) {
      rowOf[j] = previous[j] >= 0 ? rowOf[previous[j]] : start;
    }
  }
  return [...rowOf.keys()]
    .filter((j) => rowOf[j] >= 0)
    .map((j): [number, number] => [rowOf[j], j])
    .sort(([a], [b]) => a - b);
}
