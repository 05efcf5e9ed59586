import { fileURLToPath } from 'node:url';

/** A V8 CPU profile, as far as it is read here: samples name the function that ran, `timeDeltas` for how many µs. */
export interface CpuProfile {
  readonly nodes: ReadonlyArray<{
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Cost {
  readonly name: string;
  readonly ms: number;
}

/** CPU time by package (npm's, ours by folder, Node, or native code) and by function, largest first. @param root of the project */
export function costsOf({ nodes, samples, timeDeltas }: CpuProfile, root: string) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, ms: number) => to.set(name, (to.get(name) ?? 0) + ms);
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined || isNoWork(frame)) continue;
    const ms = (timeDeltas[index] ?? 0) / 1_000;
    const where = packageOf(frame, root);
    add(packages, where, ms);
    const line = frame.lineNumber + 1;
    const place = frame.url === '' ? '' : ` (${where}, ${frame.url.replace(/^.*[/:]/, '')}:${line})`;
    add(functions, `${frame.functionName || 'anonymous'}${place}`, ms);
  }
  return { packages: largestFirst(packages), functions: largestFirst(functions) };
}

const largestFirst = (costs: ReadonlyMap<string, number>): Cost[] =>
  [...costs].map(([name, ms]) => ({ name, ms })).toSorted((one, other) => other.ms - one.ms);

type Frame = CpuProfile['nodes'][number]['callFrame'];

/** Waiting, and the profiler itself. */
const isNoWork = ({ functionName, url }: Frame): boolean =>
  functionName === '(idle)' || url.startsWith('node:inspector');

function packageOf({ functionName, url }: Frame, root: string): string {
  // `(program)` and `(garbage collector)`, or a function of V8 or libuv.
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code';
  if (url.startsWith('node:')) return 'Node';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const inModules = path.split('/node_modules/').slice(1).at(-1);
  if (inModules !== undefined) return /^(?:@[^/]+\/)?[^/]+/.exec(inModules)?.[0] ?? inModules;
  return path.replace(`${root}/`, '').replace(/\/[^/]*$/, '');
}
