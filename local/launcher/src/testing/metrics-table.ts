import { parse } from 'yaml';
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

/** Every query (`expr`) in a file of alert rules or of a dashboard. */
export async function queriesOf(path: string): Promise<string[]> {
  const queries: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('expr' in value && typeof value.expr === 'string') queries.push(value.expr);
    Object.values(value).forEach(walk);
  };
  walk(parse(await readText(path)));
  return queries;
}

/** The metrics of Paceline's, or of its libraries, that a query asks for. */
export const metricsIn = (query: string): string[] =>
  [
    ...query.replaceAll(/\bby \([^)]*\)|\{[^}]*\}/g, '').matchAll(/\b(?:paceline|http|db|nodejs|v8js)_\w+/g),
  ].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
