import type { PlacedApp } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { type MappingNode, toPlain } from '../../yaml/node.ts';
import { environmentOf, type ServiceContext } from '../compile/compile-service.ts';
import { labelsOf } from '../compile/files/label-files.ts';
import { compileWhole, usedNetworks, usedVolumes } from '../compile-app.ts';
import { type Declared, sorted } from '../keys/project.ts';
import type { FileKeys } from '../keys/resources.ts';
import { interpolate } from '../load/values/interpolate.ts';
import type { CompileOptions, Values } from '../load/values/values.ts';
import { Report } from '../report.ts';
import type { Json } from './printer.ts';
import { printFile, printNetwork, printVolume } from './resources.ts';
import { printService } from './service.ts';

/**
 * An app as `docker compose config --format json` prints it: merged, interpolated, with defaults and names, without services whose profiles are
 * off and without unused resources. The result is a Compose file, so every dollar sign is doubled. It shows values of variables and contents of
 * configs. Throws the errors of `compileApp`.
 */
export async function composeConfig(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<{ name: string; json: string }> {
  const { root, context, enabled } = await compileWhole(app, site, snapshot, options);
  const printed = JSON.stringify(await printProject(root, { ...context, project: enabled }), null, 2);
  return { name: context.app, json: printed.replaceAll('$', '$$$$') };
}

async function printProject(root: MappingNode, context: ServiceContext): Promise<Json> {
  const { app, project, folder, values } = context;
  const path = (written: string, at = root.at): string =>
    written.startsWith('/') ? written : folder.asComposed(written, at);
  const services: Record<string, Json> = {};
  for (const service of sorted(project.services)) {
    const environment = await environmentOf(service, context);
    const labels = (await labelsOf(service, folder, context.report)) ?? {};
    services[service.name] = printService({
      app,
      service,
      path,
      projectDirectory: folder.projectDirectory,
      lookup: values.lookup,
      environment,
      labels,
    });
  }
  const networks = usedNetworks(project).map((key) => [key, printNetwork(app, key, project.networks.get(key))]);
  const volumes = usedVolumes(project).flatMap((key) => {
    const declared = project.volumes.get(key);
    return declared ? [[key, printVolume(app, declared, path)]] : [];
  });
  const files = (kind: 'configs' | 'secrets') => {
    const used = new Set(
      [...project.services.values()]
        .flatMap(({ keys }) => [...(keys[kind] ?? []), ...(kind === 'secrets' ? (keys.build?.secrets ?? []) : [])])
        .map(({ source }) => source),
    );
    const declared: Declared<FileKeys>[] = sorted(project[kind]).filter(({ name }) => used.has(name));
    return declared.map((each) => [each.name, printFile(app, each, path)]);
  };
  return {
    name: app,
    services,
    ...section('networks', networks),
    ...section('volumes', volumes),
    ...section('configs', files('configs')),
    ...section('secrets', files('secrets')),
    ...extensions(root, values),
  };
}

function section(name: string, entries: (string | Json)[][]): Record<string, Json> {
  return entries.length > 0 ? { [name]: Object.fromEntries(entries) } : {};
}

/** Prints the `x-` keys of the top level. Holdfast does not read them, so a variable without a value stays as written. */
function extensions(root: MappingNode, values: Values): Record<string, Json> {
  const found = root.entries.filter(({ key }) => key.startsWith('x-'));
  return Object.fromEntries(
    found.map(({ key, value }) => [key, toPlain(interpolate(value, values, new Report())) as Json]),
  );
}
