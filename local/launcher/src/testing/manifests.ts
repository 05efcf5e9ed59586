import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '@paceline/embedded';
import { parseAllDocuments } from 'yaml';
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

/**
 * Renders each overlay as `kubectl apply -k` would.
 * @throws {Error} when kubectl is not available
 */
export async function renderAll(): Promise<Record<'production' | 'sandbox', KubernetesObject[]>> {
  const kubectl = await findProgram('kubectl');
  const render = async (overlay: string) => {
    const { stdout } = await run(kubectl, ['kustomize', join(folder, overlay)]);
    return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
  };
  return { production: await render('production'), sandbox: await render('sandbox') };
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
