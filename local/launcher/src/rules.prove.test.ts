import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '@paceline/embedded';
import { alertTypes } from '@paceline/shared/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from './state.ts';
import { readCompose, readText } from './testing/compose-file.ts';
import { queriesOf } from './testing/metrics-table.ts';

interface Rules {
  groups: Array<{ rules: Array<{ alert: string; expr: string; annotations: Record<string, string> }> }>;
}
interface RuleTests {
  tests: Array<{ alert_rule_test: Array<{ alertname: string; exp_alerts: unknown[] }> }>;
}

const folder = join(root, 'deploy/prometheus');
let rules: Rules['groups'][number]['rules'];

beforeAll(async () => {
  rules = (parse(await readText('deploy/prometheus/rules.yml')) as Rules).groups.flatMap(
    (group) => group.rules,
  );
});

describe("Prometheus' alert rules", () => {
  it(
    'pass their tests, and the queries of the dashboard are valid',
    { timeout: 120_000 },
    async (context) => {
      const promtool = await findProgram('promtool').catch((error: Error) => {
        const reason = `ALERT RULES NOT TESTED: promtool is not available: ${error.message}`;
        console.warn(reason);
        return context.skip(reason);
      });
      const run = async (...args: string[]) =>
        (await promisify(execFile)(promtool, args, { cwd: folder })).stdout;
      expect(await run('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS');
      expect(await run('test', 'rules', 'rules.test.yml')).toContain('SUCCESS');

      const queries = await queriesOf('deploy/grafana/dashboards/paceline.json');
      const rulesOfQueries = queries.map((query, index) => ({
        record: `query_${index}`,
        expr: query.replaceAll('$__rate_interval', '1m'),
      }));
      const file = join(await mkdtemp(join(tmpdir(), 'paceline-rules-')), 'dashboard.yml');
      await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: rulesOfQueries }] }));
      expect(await run('check', 'rules', file)).toContain(`SUCCESS: ${rulesOfQueries.length} rules found`);
      await rm(dirname(file), { recursive: true });
    },
  );

  it('each have tests that fire and that do not fire', async () => {
    const { tests } = parse(await readText('deploy/prometheus/rules.test.yml')) as RuleTests;
    const cases = tests.flatMap((test) => test.alert_rule_test);
    const tested = (fires: boolean) =>
      new Set(
        cases.filter(({ exp_alerts: alerts }) => alerts.length > 0 === fires).map((each) => each.alertname),
      );
    const all = new Set(rules.map(({ alert }) => alert));
    expect(tested(true)).toEqual(all);
    expect(tested(false)).toEqual(all);
  });

  it('include one for each alert of the API', () => {
    const ruleOf = (type: string) =>
      type.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(rules.map(({ alert }) => alert)).toEqual(expect.arrayContaining(alertTypes.map(ruleOf)));
  });

  it('lead to what the handbook says about them', async () => {
    const headings = (await readText('docs/operating.md')).matchAll(/^#+ (.+)$/gm);
    const anchors = [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const { alert, annotations } of rules) {
      const [page, anchor] = annotations.runbook?.split('#') ?? [];
      expect(page, alert).toBe('docs/operating.md');
      expect(anchors, alert).toContain(anchor);
    }
  });

  it('are loaded by Prometheus in docker-compose.yml', async () => {
    const { rule_files: files } = parse(await readText('deploy/prometheus/prometheus.yml')) as {
      rule_files: string[];
    };
    const { services } = await readCompose('docker-compose.yml');
    for (const file of files)
      expect(services.prometheus?.volumes).toContain(
        `./deploy/prometheus/${file}:/etc/prometheus/${file}:ro`,
      );
    expect(files).toEqual(['rules.yml']);
  });
});
