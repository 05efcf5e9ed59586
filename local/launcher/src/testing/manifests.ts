import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '@paceline/embedded';
import { parseAllDocuments, stringify } from 'yaml';
import { root } from '../state.ts';

const run = promisify(execFile);
const folder = join(root, 'deploy/kubernetes/overlays');

/** A Kubernetes object as rendered by kustomize. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly data?: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- its shape is checked by the schema
  readonly spec?: any;
}
export type Labels = Readonly<Record<string, string>>;

/** The name without kustomize's content hash. */
export const nameOf = ({ kind, metadata: { name } }: KubernetesObject): string =>
  kind === 'ConfigMap' || kind === 'Secret' ? name.replace(/-[a-z0-9]{10}$/, '') : name;

/** As docs/add-an-upstream.md says. */
const withAnotherUpstream = {
  namespace: 'paceline',
  resources: ['../../deploy/kubernetes/overlays/production'],
  components: ['../../deploy/kubernetes/components/api-egress'],
  configMapGenerator: [
    {
      name: 'settings',
      behavior: 'merge',
      literals: ['UPSTREAMS=zwiftracing,strava', 'API_UPSTREAMS=strava'],
    },
  ],
};

export const overlays = ['production', 'sandbox', 'anotherUpstream'] as const;

/**
 * Renders each overlay as `kubectl apply -k` would, and that of production with another upstream.
 * @throws {Error} when kubectl is not available
 */
export async function renderAll(): Promise<Record<(typeof overlays)[number], KubernetesObject[]>> {
  const kubectl = await findProgram('kubectl');
  const render = async (path: string) => {
    const { stdout } = await run(kubectl, ['kustomize', path]);
    return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
  };
  // Below the root, since kustomize refuses absolute paths.
  const own = join(root, `.cache/overlay-${process.pid}`);
  await mkdir(own, { recursive: true });
  try {
    await writeFile(join(own, 'kustomization.yaml'), stringify(withAnotherUpstream));
    return {
      production: await render(join(folder, 'production')),
      sandbox: await render(join(folder, 'sandbox')),
      anotherUpstream: await render(own),
    };
  } finally {
    await rm(own, { recursive: true });
  }
}

/**
 * Checks manifests against Kubernetes' schemas, which ignore unknown fields, and its types, which reject them.
 * @returns one line per problem
 */
export async function invalid(manifests: readonly KubernetesObject[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const manifest of manifests) {
    const models = (await import(/* @vite-ignore */ `kubernetes-models/${manifest.apiVersion}`)) as Record<
      string,
      new (data: KubernetesObject) => { validate(): void }
    >;
    const Model = models[manifest.kind];
    if (!Model) wrong.push(`unknown kind ${manifest.kind} in ${manifest.apiVersion}`);
    try {
      if (Model) new Model(manifest).validate();
    } catch (error) {
      wrong.push(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
    }
  }
  return [...wrong, ...(await unknownFields(manifests))];
}

async function unknownFields(manifests: readonly KubernetesObject[]): Promise<string[]> {
  const file = join(root, 'local/launcher/node_modules', `.manifests-${process.pid}.ts`);
  const lines = manifests.map((manifest, index) => {
    const type = `import('kubernetes-models/${manifest.apiVersion}').I${manifest.kind}`;
    return `export const m${index}: ${type} = ${JSON.stringify(manifest)};\n`;
  });
  await writeFile(file, lines.join(''));
  const compiler = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--pretty', 'false'];
  const where = ['--module', 'nodenext', '--target', 'esnext', '--types', ''];
  try {
    await run(process.execPath, [join(compiler, '../bin/tsc'), ...options, ...where, file]);
    return [];
  } catch (error) {
    const { stdout = '', message } = error as Error & { stdout?: string };
    const lines = (stdout || message).split('\n').filter((line) => line.includes('error'));
    return lines.map((line) => {
      const [, number, text] = /\((\d+),\d+\): (.*)$/.exec(line) ?? [];
      const manifest = manifests[Number(number) - 1];
      return manifest ? `${manifest.kind} ${manifest.metadata.name}: ${text}` : line;
    });
  } finally {
    await rm(file);
  }
}
