// The schemas that Kubernetes and KEDA publish, as the npm packages kubernetes-models and @kubernetes-models/keda carry them: compiled
// validators, loaded one kind at a time since there are two thousand.

/** A kind's class; its `validate` reads `this`, which may be any object, and throws what is wrong. */
type Model = { readonly prototype: { validate(): void } };

const models: Readonly<Record<string, () => Promise<Model>>> = {
  'v1 Namespace': async () => (await import('kubernetes-models/v1/Namespace')).Namespace,
  'v1 ServiceAccount': async () =>
    (await import('kubernetes-models/v1/ServiceAccount')).ServiceAccount,
  'v1 ConfigMap': async () => (await import('kubernetes-models/v1/ConfigMap')).ConfigMap,
  'v1 Service': async () => (await import('kubernetes-models/v1/Service')).Service,
  'apps/v1 Deployment': async () =>
    (await import('kubernetes-models/apps/v1/Deployment')).Deployment,
  'batch/v1 Job': async () => (await import('kubernetes-models/batch/v1/Job')).Job,
  'policy/v1 PodDisruptionBudget': async () =>
    (await import('kubernetes-models/policy/v1/PodDisruptionBudget')).PodDisruptionBudget,
  'networking.k8s.io/v1 NetworkPolicy': async () =>
    (await import('kubernetes-models/networking.k8s.io/v1/NetworkPolicy')).NetworkPolicy,
  'networking.k8s.io/v1 Ingress': async () =>
    (await import('kubernetes-models/networking.k8s.io/v1/Ingress')).Ingress,
  'keda.sh/v1alpha1 ScaledObject': async () =>
    (await import('@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject')).ScaledObject,
};

/** What is wrong with a manifest by its published schema, a field that the schema does not know included; empty where nothing is. */
export async function schemaProblems(manifest: {
  readonly apiVersion: string;
  readonly kind: string;
}): Promise<string[]> {
  const name = `${manifest.apiVersion} ${manifest.kind}`;
  const load = models[name];
  if (!load) return [`${name} has no schema here: add it to kubernetes-schemas.ts`];
  const { validate } = (await load()).prototype;
  const looked = new Set<string>();
  const problems: string[] = [];
  try {
    validate.call(watched(manifest, '', looked) as { validate(): void });
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const unknown = pathsOf(manifest, '').filter((path) => !looked.has(path));
  return [...problems, ...unknown.map((path) => `${path}: the schema knows no such field`)];
}

/**
 * A view of a value that notes each path that is read. A published schema allows fields that it does not know, as a cluster does when it
 * drops them without a word; but its validator never looks at them.
 */
function watched(value: unknown, path: string, looked: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return found;
      const below = `${path}/${key}`;
      looked.add(below);
      return watched(found, below, looked);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [
    `${path}/${key}`,
    ...pathsOf(below, `${path}/${key}`),
  ]);
}
