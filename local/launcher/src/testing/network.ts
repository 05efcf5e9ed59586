import type { Labels, Manifest } from './manifests.ts';

interface Selector {
  matchLabels?: Labels;
  matchExpressions?: Array<{ key: string; operator: 'In'; values: string[] }>;
}
interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string };
}
interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports: Array<{ port: number }>;
}

const matches = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));

/**
 * With whom the network policies let pods of these labels talk, as `name:port` within the namespace, `namespace:port` of
 * others by their label, and `cidr:port`.
 * @param pods the labels of all pods that there are, by name
 */
export function mayTalk(
  manifests: readonly Manifest[],
  pods: Readonly<Record<string, Labels>>,
  labels: Labels,
  direction: 'ingress' | 'egress',
): string[] {
  const policies = manifests.filter(
    ({ kind, spec }) => kind === 'NetworkPolicy' && matches(spec.podSelector, labels),
  );
  const rules = policies.flatMap(({ spec }) => (spec[direction] ?? []) as Rule[]);
  const found = rules.flatMap((rule) =>
    (rule.from ?? rule.to ?? []).flatMap((peer) =>
      named(peer, pods).flatMap((name) => rule.ports.map(({ port }) => `${name}:${port}`)),
    ),
  );
  return [...new Set(found)].toSorted();
}

function named({ podSelector, namespaceSelector, ipBlock }: Peer, pods: Readonly<Record<string, Labels>>) {
  if (ipBlock) return [ipBlock.cidr];
  if (namespaceSelector)
    return Object.entries(namespaceSelector.matchLabels ?? {}).map((each) => each.join('='));
  return Object.keys(pods).filter((name) => podSelector && matches(podSelector, pods[name] ?? {}));
}
