import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { lanes } from '../definition/index.ts';
import { mapValues } from '../definition/units.ts';
import { contradictions, type Problem } from './checks.ts';
import { readableOf } from './readable.ts';
import { type UpstreamFile, upstreamFile } from './schema.ts';
import type { Upstream } from './upstream.ts';

/** The upstream of a file, or everything that is wrong with it: `weather.yaml, line 12: budgets.day.limit must be …`. */
export type Reading = { readonly upstream: Upstream } | { readonly problems: readonly string[] };

export function readUpstream(name: string, file: string): Reading {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problems: [`UPSTREAMS must name files that can be read: ${name}.yaml (${code})`] };
  }
  return parseUpstream(name, text);
}

/** @param name of the upstream: that of its file */
export function parseUpstream(name: string, text: string): Reading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined) =>
    offset === undefined ? `${name}.yaml` : `${name}.yaml, line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0)
    return { problems: document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message}`) };

  /** Where a field is, or what should contain it. */
  const offsetOf = (path: Problem['path']): number | undefined => {
    if (path.length === 0) return undefined;
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    return node?.range?.[0] ?? offsetOf(path.slice(0, -1));
  };
  const say = ({ path, message }: Problem) =>
    `${at(offsetOf(path))}: ${[path.join('.'), message].filter(Boolean).join(' ')}`;

  const written: unknown = document.toJS();
  const parsed = upstreamFile.safeParse(written, { reportInput: true });
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map(problemOf)),
    ...contradictions(readableOf(written)),
  ].toSorted((a, b) => (offsetOf(a.path) ?? 0) - (offsetOf(b.path) ?? 0));
  if (problems.length > 0 || !parsed.success) return { problems: problems.map(say) };
  return { upstream: prepare(name, parsed.data) };
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? '' : part));
  return { path, message: messageOf(issue) };
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has an unknown field: ${issue.keys.join(', ')}`;
    case 'invalid_key':
      return issue.issues.map(({ message }) => message).join('; ');
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at least ${String(issue.minimum)}`
        : 'must not be empty';
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, such as [a, b]',
  object: 'a group of fields',
  record: 'a group of fields',
};

function prepare(
  name: string,
  { budgets, endpoints, lanes: ownLanes, answers, ...file }: UpstreamFile,
): Upstream {
  return {
    name,
    ...file,
    budgets: mapValues(budgets, ({ limit, ...budget }) => ({ ...budget, limits: limit })),
    endpoints: mapValues(endpoints, ({ timeout, typical, ...endpoint }, each) => ({
      ...endpoint,
      label: endpoint.label ?? budgets[each]?.label ?? each,
      fetches: endpoint.fetches ?? each,
      source: endpoint.source ?? each,
      budgets: endpoint.budgets ?? [each],
      timeoutMs: timeout,
      typicalMs: typical,
    })),
    lanes: ownLanes
      ? mapValues(ownLanes, ({ headStart, ...lane }) => ({
          ...lane,
          headStartMs: headStart,
          sync: undefined,
        }))
      : lanes,
    dialect: answers,
  };
}
