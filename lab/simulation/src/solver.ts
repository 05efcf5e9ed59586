import highsModule from 'highs';
import type { Solve } from './core/bound/bound.ts';

// Its types describe the CommonJS build only.
const loadHighs = highsModule as unknown as typeof highsModule.default;

/** Loads the HiGHS solver. Dual simplex without presolve is the fastest for these programs. */
export async function loadSolver(): Promise<Solve> {
  const highs = await loadHighs();
  return ({ most, rows }, gains) => {
    const terms = rows.flatMap((row) => row.terms);
    const starts = [0];
    for (const row of rows) starts.push((starts.at(-1) ?? 0) + row.terms.length);
    const [numCols, numRows] = [most.length, rows.length];
    const model = {
      numCols,
      numRows,
      sense: highs.constants.objectiveSense.maximize,
      colCost: gains,
      colLower: new Float64Array(numCols),
      colUpper: most,
      rowLower: new Float64Array(numRows).fill(-highs.infinity),
      rowUpper: rows.map(({ limit }) => limit),
      matrix: {
        format: 'csr' as const,
        numRows,
        numCols,
        starts,
        indices: terms.map(([column]) => column),
        values: terms.map(([, factor]) => factor),
      },
    };
    return highs.withModel(model, (solver) => {
      solver.options.set({ output_flag: false, presolve: 'off' });
      const { modelStatus } = solver.run();
      if (modelStatus !== highs.constants.modelStatus.optimal)
        throw new Error(`No optimum found, status ${modelStatus}`);
      return solver.getSolution().colValue;
    });
  };
}
