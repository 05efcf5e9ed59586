import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgetNames } from '../definition/index.ts';
import { loadUpstreams, zwiftracing } from './index.ts';

const files = readdirSync(join(import.meta.dirname, '../../../../upstreams'));

describe('the files in upstreams/', () => {
  it.each(files)('%s can be used', (file) => {
    const name = basename(file, '.yaml');
    expect(Object.keys(loadUpstreams({ UPSTREAMS: `zwiftracing,${name}` }))).toContain(name);
  });

  it('zwiftracing.yaml has one budget for each endpoint, of the same name', () => {
    const { budgets, endpoints } = zwiftracing();
    expect(Object.keys(budgets)).toEqual(budgetNames);
    for (const name of budgetNames) expect(endpoints[name].budgets).toEqual([name]);
  });
});
