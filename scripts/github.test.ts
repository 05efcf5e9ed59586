import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(path, 'utf8');

interface Workflow {
  readonly on: object;
  readonly jobs: Readonly<
    Record<string, { readonly steps: ReadonlyArray<{ uses?: string; run?: string; with?: object }> }>
  >;
}

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: ReadonlyArray<{
    readonly type: string;
    readonly id?: string;
    readonly attributes: {
      readonly label?: string;
      readonly description?: string;
      readonly options?: string[];
    };
  }>;
}

describe('the workflow', () => {
  const { on, jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('runs .ci/run on pushes and pull requests, with the oldest supported Node', () => {
    expect(on).toEqual({ push: { branches: ['main'] }, pull_request: null });
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['.ci/run']);
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(steps.flatMap((step) => step.with ?? [])).toContainEqual({
      'node-version': Number(engines.node.replace('>=', '')),
    });
  });

  it('pins each action to a version', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.filter((action) => !/@v\d+(?:\.\d+)*$/.test(action))).toEqual([]);
  });
});

describe('the issue forms', () => {
  const forms = globSync('.github/ISSUE_TEMPLATE/*.yml');

  it.each(forms)('%s has a name, a description and labelled fields with ids of their own', (file) => {
    const { name, description, body } = parse(read(file)) as Form;
    expect([name, description]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    const fields = body.filter(({ type }) => type !== 'markdown');
    for (const { type, attributes } of fields) {
      expect(['textarea', 'input', 'dropdown']).toContain(type);
      expect(attributes.label).toMatch(/./);
      if (type === 'dropdown') expect(new Set(attributes.options).size).toBe(attributes.options?.length);
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  });

  it('ask for the status that an operator can paste', () => {
    expect(
      forms
        .map(read)
        .join('\n')
        .match(/`npm run paceline -- status --json`/g),
    ).toHaveLength(2);
  });
});

it('the development container has the Node of the services, forwards their ports and installs', () => {
  const container = JSON.parse(read('.devcontainer/devcontainer.json')) as Record<string, unknown>;
  const { nodeVersion } = parse(read('pnpm-workspace.yaml')) as { nodeVersion: string };
  expect(container).toMatchObject({
    image: `node:${nodeVersion}-bookworm`,
    forwardPorts: [3000, 3010],
    postCreateCommand: 'npm run setup',
  });
});
