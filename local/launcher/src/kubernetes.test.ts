import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { configExitCode, type VariableName, variableNames, variables } from '@paceline/shared/config';
import { services } from '@paceline/shared/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './state.ts';
import { readCompose, readConfigs, readText, shutdownMs } from './testing/compose-file.ts';
import {
  invalid,
  type Labels,
  type KubernetesObject,
  nameOf,
  overlays,
  renderAll,
} from './testing/manifests.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- checked against Kubernetes' schema by the first test
type Pod = any;

const seconds = (probe: { periodSeconds?: number; failureThreshold?: number }) =>
  (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3);

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
 * The peers that the network policies allow for pods with these labels: `name:port` in the namespace, `label=value:port`
 * for other namespaces, and `cidr:port`.
 * @param pods the labels of all pods, by name
 */
function allowedPeers(
  manifests: readonly KubernetesObject[],
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

const rendered = await renderAll().catch((error: Error) => {
  console.warn(`MANIFESTS NOT TESTED: kubectl is not available: ${error.message}`);
  return undefined;
});

describe.skipIf(!rendered)('the manifests', () => {
  it('are valid for the Kubernetes API, without unknown fields', async () => {
    const all = Object.values(rendered ?? {}).flat();
    const misspelt = structuredClone(all.filter(({ kind }) => kind === 'Deployment'));
    for (const { spec } of misspelt)
      spec.template.spec.containers[0].securityContext.readOnlyRootFilesytem = true;
    // All at once: the compiler is slow to read Kubernetes' types.
    const wrong = await invalid([...all, ...misspelt]);
    expect(misspelt.length).toBeGreaterThan(0);
    expect(wrong).toEqual(
      misspelt.map(({ metadata: { name } }) =>
        expect.stringMatching(`^Deployment ${name}: .*readOnlyRootFilesytem`),
      ),
    );
  });
});

/** What is in the Secret with the keys of upstreams. */
const keysOf = (overlay: (typeof overlays)[number]) =>
  overlay === 'anotherUpstream' ? ['ZWIFTRACING_API_KEY', 'STRAVA_TOKEN'] : ['ZWIFTRACING_API_KEY'];

describe.skipIf(!rendered).each(overlays)('the manifests of %s', (overlay) => {
  let manifests: KubernetesObject[];
  let pods: Record<string, Pod>;
  let labels: Record<string, Labels>;

  beforeAll(() => {
    manifests = rendered?.[overlay] ?? [];
    const workloads = manifests.filter(({ spec }) => spec?.template);
    pods = Object.fromEntries(workloads.map((each) => [nameOf(each), each.spec.template.spec]));
    labels = Object.fromEntries(workloads.map((each) => [nameOf(each), each.spec.template.metadata.labels]));
  });

  const kinds = (kind: string) => manifests.filter((each) => each.kind === kind);
  const one = (kind: string, name: string) => {
    const found = kinds(kind).find((each) => nameOf(each) === name);
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const containers = () =>
    Object.entries(pods).flatMap(([name, pod]) =>
      [...pod.containers, ...(pod.initContainers ?? [])].map((container: Pod) => [name, container] as const),
    );

  /** Resolves the environment as the kubelet would: `envFrom`, then `env`, with `$(NAME)` of earlier variables. */
  const environmentOf = (name: string, secret: (key: string) => string): Record<string, string> => {
    const [container] = pods[name].containers;
    const env: Record<string, string> = {};
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (secretRef) for (const key of keysOf(overlay)) env[key] = secret(key);
      else Object.assign(env, one('ConfigMap', configMapRef.name.replace(/-[a-z0-9]{10}$/, '')).data);
    }
    for (const { name: key, value, valueFrom } of container.env ?? [])
      env[key] =
        value?.replace(/\$\((\w+)\)/g, (_: string, of: string) => env[of]) ??
        secret(valueFrom.secretKeyRef?.key ?? '');
    return env;
  };

  it('are all in one namespace, which enforces restricted pods', () => {
    expect(one('Namespace', 'paceline').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    for (const each of manifests)
      if (each.kind !== 'Namespace') expect(each.metadata.namespace, nameOf(each)).toBe('paceline');
  });

  it('run no pod as root or with access to the Kubernetes API', () => {
    for (const [name, pod] of Object.entries(pods)) {
      expect(pod.securityContext, name).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.securityContext.runAsUser, name).toBeGreaterThan(0);
      expect(pod, name).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      for (const host of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod[host], name).toBeUndefined();
      for (const volume of pod.volumes ?? []) expect(volume.hostPath, name).toBeUndefined();
    }
  });

  it('give no container capabilities, a writable root or unlimited memory', () => {
    expect(containers().length).toBeGreaterThanOrEqual(services.length + 2);
    for (const [name, container] of containers()) {
      expect(container.securityContext, name).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources, name).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
      expect(container.resources.limits.cpu, name).toBeUndefined();
    }
  });

  it('use the images of docker-compose.yml', async () => {
    const compose = await readCompose('docker-compose.yml');
    const images = Object.values(compose.services).map(({ image }) => image);
    for (const [name, { image }] of containers())
      expect(images, name).toContain(image.replace('registry.example/', ''));
  });

  it.each(services)('run two replicas of %s on different nodes with rolling updates', (name) => {
    const { spec } = one('Deployment', name);
    expect(spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    const [spread] = pods[name].topologySpreadConstraints;
    expect(spread.matchLabelKeys).toContain('app.kubernetes.io/name');
    expect(labels[name]).toMatchObject(spread.labelSelector.matchLabels);
    const [container] = pods[name].containers;
    expect(container.args).toEqual([`services/${name}/src/main.ts`]);
    expect(existsSync(join(root, container.args[0]))).toBe(true);
  });

  it.each(services)('probe %s at its health port, with enough time to start and stop', async (name) => {
    const [container] = pods[name].containers;
    const env = environmentOf(name, () => 'secret');
    const [port] = container.ports;
    expect(String(port.containerPort)).toBe(name === 'api' ? env.API_PORT : env.HEALTH_PORT);
    const { startupProbe: startup, livenessProbe: live, readinessProbe: ready } = container;
    expect(startup.httpGet).toEqual({ path: '/livez', port: port.name });
    expect(live.httpGet).toEqual({ path: '/livez', port: port.name });
    expect(ready.httpGet).toEqual({ path: '/readyz', port: port.name });
    expect(seconds(startup)).toBeGreaterThanOrEqual(60);
    expect(seconds(live)).toBeGreaterThanOrEqual(30);

    const shutdown = await shutdownMs(name);
    const delay = variables.API_SHUTDOWN_DELAY.schema.parse(env.API_SHUTDOWN_DELAY);
    expect(delay).toBeGreaterThanOrEqual(5_000);
    expect(pods[name].terminationGracePeriodSeconds * 1_000).toBeGreaterThan(delay + shutdown + 5_000);
  });

  it('provision again after a failure, unless the state belongs to another upstream or a variable is invalid', () => {
    const { spec } = one('Job', 'provision');
    expect(spec.backoffLimit).toBeGreaterThan(10);
    expect(spec.template.spec.restartPolicy).toBe('Never');
    const onExitCodes = { containerName: 'provision', operator: 'In', values: [configExitCode] };
    expect(spec.podFailurePolicy.rules).toEqual([{ action: 'FailJob', onExitCodes }]);
  });

  it('give each service all required variables', () => {
    const secrets: Record<string, string> = {
      DATABASE_URL: 'postgres://paceline:secret@db.example:5432/paceline',
      API_VIEWER_TOKEN: '',
      API_PROGRAM_TOKENS: '',
      SLACK_WEBHOOK_URL: '',
    };
    const environments = services.map(
      (name) => [name, environmentOf(name, (key) => secrets[key] ?? 'a-secret-of-enough-length')] as const,
    );
    const { stderr, read } = readConfigs(environments);
    expect({ stderr, succeeded: Object.keys(read) }).toEqual({ stderr: '', succeeded: [...services] });
    // What is no secret can be set in the settings, which every service gets.
    for (const [name, env] of environments) {
      const secretNames = read[name]?.filter((each) => 'secret' in (variables[each as VariableName] ?? {}));
      expect(secretNames?.length, name).toBeGreaterThan(0);
      expect(
        secretNames?.filter((each) => !(each in env)),
        name,
      ).toEqual([]);
    }
  });

  it.each([...services, 'provision'])('give %s the variables of docker-compose.yml', async (name) => {
    const compose = await readCompose('docker-compose.yml');
    // For the health check, which is a probe here; for Jaeger, which accepts no metrics; for there is no load balancer.
    const onlyThere = ['READY_URL', 'OTEL_METRICS_EXPORTER', 'API_SHUTDOWN_DELAY'];
    const given = Object.entries(compose.services[name]?.environment ?? {}).filter(
      ([key, value]) => value !== null && !onlyThere.includes(key),
    );
    const env = environmentOf(name, () => 'secret');
    expect(given.map(([key]) => key).filter((key) => !(key in env))).toEqual([]);
    const own = pods[name].containers[0].env.map((each: { name: string }) => each.name);
    const known = [...Object.keys(compose.services[name]?.environment ?? {}), 'NATS_PASSWORD'];
    expect(own.filter((key: string) => !known.includes(key))).toEqual([]);
  });

  it('set only known variables, and no secret in the settings', () => {
    const settings = Object.keys(one('ConfigMap', 'settings').data ?? {});
    expect(settings.filter((name) => !variableNames.includes(name as VariableName))).toEqual([]);
    const isSecret = (name: string) => 'secret' in (variables[name as VariableName] ?? {});
    expect(settings.filter(isSecret)).toEqual([]);
    for (const name of [...services, 'provision'] as const) {
      for (const { name: key, value } of pods[name].containers[0].env) {
        expect([...variableNames, 'NATS_PASSWORD'], name).toContain(key);
        if (isSecret(key) && value) expect(value, key).toContain('$(NATS_PASSWORD)');
      }
    }
  });

  it('give each service the password of its broker user, and the broker all of them', async () => {
    const users = [...(await readText('deploy/nats/users.conf')).matchAll(/password: \$(\w+)/g)].map(
      ([, name]) => name,
    );
    const passwordKeys = [...services, 'provision'].map((name) => {
      const [first] = pods[name].containers[0].env;
      const url = environmentOf(name, () => 'p').NATS_URL;
      expect(url, name).toBe([0, 1, 2].map((node) => `nats://${name}:p@nats-${node}.nats:4222`).join(','));
      return first.valueFrom.secretKeyRef.key;
    });
    expect(new Set(passwordKeys)).toEqual(new Set(users));
    expect(one('StatefulSet', 'nats').spec.replicas).toBe(3);
    expect(environmentOf('provision', () => 'p').NATS_MONITOR_URL).toBe(
      [0, 1, 2].map((node) => `http://nats-${node}.nats:8222`).join(','),
    );
    expect(one('ConfigMap', 'settings').data?.NATS_REPLICAS).toBe('3');
    if (overlay === 'sandbox')
      expect(Object.keys(one('Secret', 'broker').data ?? {})).toEqual(
        expect.arrayContaining([...users, 'NATS_PASSWORD_CLUSTER']),
      );
  });

  it('contain Secrets for the sandbox only', () => {
    expect(kinds('Secret').length).toBe(overlay === 'sandbox' ? 4 : 0);
  });

  it('give each service the upstream files, and the API alone every key', () => {
    const files = globSync('upstreams/*.yaml', { cwd: root }).map((path) => basename(path));
    expect(Object.keys(one('ConfigMap', 'upstreams').data ?? {}).toSorted()).toEqual(
      files.filter((file) => file !== 'kustomization.yaml').toSorted(),
    );
    for (const name of services) {
      const [container] = pods[name].containers;
      expect(container.volumeMounts, name).toEqual([
        { name: 'upstreams', mountPath: '/app/upstreams', readOnly: true },
      ]);
      const secrets = container.envFrom.filter((each: { secretRef?: object }) => each.secretRef);
      expect(secrets.length, name).toBe(name === 'api' ? 1 : 0);
    }
  });

  it('allow one voluntary disruption of each at a time', () => {
    const budgets = kinds('PodDisruptionBudget').map(({ spec }) => [
      spec.selector.matchLabels['app.kubernetes.io/name'],
      spec.maxUnavailable,
    ]);
    expect(Object.fromEntries(budgets)).toEqual(
      Object.fromEntries(['nats', ...services].map((name) => [name, 1])),
    );
  });

  it('allow only the needed connections', () => {
    expect(one('NetworkPolicy', 'nothing').spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
    const dns = 'kubernetes.io/metadata.name=kube-system:53';
    const database = overlay === 'sandbox' ? ['postgres:5432'] : ['203.0.113.10/32:5432'];
    const upstream = overlay === 'sandbox' ? ['sandbox:3010'] : ['0.0.0.0/0:443', '::/0:443'];
    const broker = ['nats:4222'];
    /** A pod connects to what its variables name. */
    const callsOf = (name: string) => {
      const variablesOf: string[] = pods[name].containers[0].env.map((each: { name: string }) => each.name);
      const callsUpstream =
        variablesOf.includes('ZWIFTRACING_API_KEY') || (name === 'api' && overlay === 'anotherUpstream');
      return [
        ...broker,
        ...(variablesOf.includes('NATS_MONITOR_URL') ? ['nats:8222'] : []),
        ...(variablesOf.includes('DATABASE_URL') ? database : []),
        ...(callsUpstream ? upstream : []),
      ];
    };
    const calls: Record<string, string[]> = {
      ...Object.fromEntries([...services, 'provision'].map((name) => [name, callsOf(name)])),
      nats: ['nats:6222'],
      ...(overlay === 'sandbox' && { sandbox: [], postgres: [] }),
    };
    for (const name of Object.keys(pods)) {
      const allowed = allowedPeers(manifests, labels, labels[name] ?? {}, 'egress');
      expect(allowed, name).toEqual([...(calls[name] ?? ['unknown']), dns].toSorted());
    }
    // Each pod accepts exactly its callers.
    for (const name of Object.keys(pods)) {
      const callers = Object.keys(calls).flatMap(
        (caller) =>
          calls[caller]
            ?.filter((called) => called.startsWith(`${name}:`))
            .map((called) => `${caller}:${called.split(':')[1]}`) ?? [],
      );
      const accepted = allowedPeers(manifests, labels, labels[name] ?? {}, 'ingress').filter(
        (each) => !each.includes('='),
      );
      expect(accepted, name).toEqual(callers.toSorted());
    }
  });

  it('route each Service to a port of its pods', () => {
    for (const { spec, metadata } of kinds('Service')) {
      const pod = pods[spec.selector['app.kubernetes.io/name']];
      const ports = pod.containers[0].ports.map(({ name }: { name: string }) => name);
      for (const { targetPort } of spec.ports) expect(ports, metadata.name).toContain(targetPort);
    }
  });
});
