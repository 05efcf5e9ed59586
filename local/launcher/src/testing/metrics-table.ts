import { parse } from 'yaml';
import { readText } from './compose-file.ts';

/** A row of the tables below "Metrics" in docs/operating.md. */
export interface DocumentedMetric {
  /** The Prometheus name without `_bucket`, `_sum` and `_count`; `*` matches anything. */
  readonly name: string;
  readonly labels: readonly string[];
}

export async function documentedMetrics(): Promise<DocumentedMetric[]> {
  const [, section = ''] = /^## Metrics\n(.*?)^## /ms.exec(await readText('docs/operating.md')) ?? [];
  const rows = section.matchAll(/^\| `([a-z_0-9*]+)` *\|([^|]*)\|/gm);
  return [...rows].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(),
  }));
}

/** Every query (`expr`) in a file of alert rules or a dashboard. */
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

/** The metrics of Paceline and its libraries in a query. */
export const metricsIn = (query: string): string[] =>
  [
    ...query.replaceAll(/\bby \([^)]*\)|\{[^}]*\}/g, '').matchAll(/\b(?:paceline|http|db|nodejs|v8js)_\w+/g),
  ].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
