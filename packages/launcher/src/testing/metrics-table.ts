import { readText } from './compose-file.ts';

/** A row of the table of metrics in docs/operating.md. */
export interface DocumentedMetric {
  /** As Prometheus knows it, without `_bucket`, `_sum` and `_count`; `*` stands for anything. */
  readonly name: string;
  readonly labels: readonly string[];
}

export async function documentedMetrics(): Promise<DocumentedMetric[]> {
  const rows = (await readText('docs/operating.md')).matchAll(/^\| `([a-z_0-9*]+)` *\|([^|]*)\|/gm);
  return [...rows].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(),
  }));
}

/** The metrics that a query asks for; what is no metric of Paceline's or of its libraries is passed over. */
export const metricsIn = (query: string): string[] =>
  [...query.matchAll(/\b(?:paceline|http|db|nodejs|v8js)_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );
