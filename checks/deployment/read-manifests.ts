import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');
const folder = join(root, 'ops/kubernetes');

/** As far as the checks look; the rest is held by the published schemas. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Record<string, unknown>;
  readonly data?: Readonly<Record<string, string>>;
};

export type Labels = Readonly<Record<string, string>>;

export type Container = {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
};

export type Pod = {
  /** Of the Deployment or Job. */
  readonly name: string;
  readonly labels: Labels;
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly containers: readonly [Container];
    readonly volumes: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
  };
};

/** Every manifest that a cluster is given, by the file that it stands in; kustomizations are no manifests. */
export async function readManifests(): Promise<{ file: string; manifest: Manifest }[]> {
  const found: { file: string; manifest: Manifest }[] = [];
  for (const path of await manifestFiles()) {
    for (const document of parseAllDocuments(await readFile(path, 'utf8'))) {
      if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join('; ')}`);
      const manifest = document.toJS() as Manifest;
      found.push({ file: relative(folder, path), manifest });
    }
  }
  return found;
}

export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    if (kind !== 'Deployment' && kind !== 'Job') return [];
    const template = spec['template'] as { metadata: { labels: Labels }; spec: Pod['spec'] };
    return [{ name: metadata.name, labels: template.metadata.labels, spec: template.spec }];
  });
}

/** Kustomizations and what they name, by folder relative to ops/kubernetes. */
export async function readKustomizations(): Promise<
  { folder: string; named: readonly string[]; files: readonly string[] }[]
> {
  const folders = ['base', 'components/keda', 'overlays/example'];
  return Promise.all(
    folders.map(async (name) => {
      const text = await readFile(join(folder, name, 'kustomization.yaml'), 'utf8');
      const kustomization = parseAllDocuments(text)[0]?.toJS() as {
        resources: string[];
        configMapGenerator?: { files: string[] }[];
      };
      const generated = kustomization.configMapGenerator?.flatMap(({ files }) => files) ?? [];
      const files = (await readdir(join(folder, name))).filter((file) => file.endsWith('.yaml'));
      return { folder: name, named: [...kustomization.resources, ...generated], files };
    }),
  );
}

async function manifestFiles(): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .filter(({ name }) => name !== 'kustomization.yaml' && name !== 'accounts.yaml')
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
