import { posix } from 'node:path';
import { InputError, SourceError } from '../lib/errors.ts';
import type {
  ApplicationDocument,
  FleetDocument,
  IgnoreRule,
  LabelSelector,
  Pin,
  Placement,
  SiteDocument,
  SyncPolicy,
} from '../model/fleet.ts';
import { requireRevision } from '../source/revision/revision.ts';
import type { YamlNode } from '../yaml/node.ts';
import { requiresOf } from './facts/requires.ts';
import { dependsOnOf } from './keys/depends-on.ts';
import { recipientGroupsOf } from './keys/recipient-groups.ts';
import { rolloutOf } from './keys/rollout.ts';
import { serviceDefaultsOf } from './keys/service-defaults.ts';
import { onUnknownTimeOf, syncWindowsOf } from './keys/sync-windows.ts';
import { newKeysOf } from './schema/versions.ts';
import { below, flag, items, keyPositions, text, textMap, texts } from './values/values.ts';
import { valuesFromOf } from './values/values-from.ts';

const DEFAULT_PRUNE_THRESHOLD = 50;

/** Reads a document of kind Fleet. `name` is its name when it has no `metadata.name`. */
export function fleetOf(root: YamlNode, name: string): FleetDocument {
  const threshold = below(root, 'spec', 'pruneThreshold');
  return {
    name: text(below(root, 'metadata', 'name')) ?? name,
    values: textMap(below(root, 'spec', 'values')),
    valuesAt: keyPositions(below(root, 'spec', 'values')),
    valuesFrom: valuesFromOf(root, ''),
    siteValues: texts(below(root, 'spec', 'siteValues')),
    syncPolicy: syncPolicyOf(below(root, 'spec', 'syncPolicy')) ?? {},
    hasSyncPolicy: below(root, 'spec', 'syncPolicy') !== undefined,
    oldestAgent: text(below(root, 'spec', 'oldestAgent')),
    newKeys: newKeysOf(root, 'Fleet'),
    ...serviceDefaultsOf(below(root, 'spec', 'defaults')),
    pruneThreshold: threshold?.kind === 'scalar' ? Number(threshold.value) : DEFAULT_PRUNE_THRESHOLD,
    rollout: rolloutOf(below(root, 'spec', 'rollout'), placementOf),
    syncWindows: syncWindowsOf(root),
    onUnknownTime: onUnknownTimeOf(root),
    recipients: texts(below(root, 'spec', 'recipients')),
    recipientGroups: recipientGroupsOf(below(root, 'spec', 'recipientGroups')),
  };
}

/** Reads a document of kind Site. Throws InputError when its name differs from its path, or its pin cannot be a revision. */
export function siteOf(root: YamlNode, name: string): SiteDocument {
  requireName(root, name, `sites/${name}.yaml is the site`);
  const pin = pinOf(below(root, 'spec', 'targetRevision'));
  return {
    name,
    newKeys: newKeysOf(root, 'Site'),
    labels: textMap(below(root, 'metadata', 'labels')),
    values: textMap(below(root, 'spec', 'values')),
    valuesAt: keyPositions(below(root, 'spec', 'values')),
    valuesFrom: valuesFromOf(root, posix.dirname(`sites/${name}`)),
    allowEmpty: flag(below(root, 'spec', 'allowEmpty')),
    confirmPrune: texts(below(root, 'spec', 'confirmPrune')),
    pin,
    suspend: flag(below(root, 'spec', 'suspend')),
    recipients: recipientsOf(below(root, 'spec', 'recipients')),
    timeZone: text(below(root, 'spec', 'timeZone')),
    syncWindows: syncWindowsOf(root),
    onUnknownTime: onUnknownTimeOf(root),
  };
}

const recipientsOf = (node: YamlNode | undefined): string[] | undefined => node && texts(node);

function pinOf(node: YamlNode | undefined): Pin | undefined {
  const revision = text(node);
  if (!node || revision === undefined) return undefined;
  try {
    requireRevision(revision);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const hint = 'a branch, a tag, a range of versions (^1.2) or a full commit ID';
    throw InputError.at(node.at, `targetRevision: ${error.message}`, hint);
  }
  return { revision, at: node.at };
}

/** Reads a document of kind Application. `compose` is empty when the document names no file. Throws InputError when its name differs from its folder. */
export function applicationOf(root: YamlNode, name: string): ApplicationDocument {
  requireName(root, name, `apps/${name}/app.yaml is the Application`);
  const spec = below(root, 'spec');
  const placement = below(spec, 'placement');
  return {
    name,
    newKeys: newKeysOf(root, 'Application'),
    placement: placementOf(placement),
    placementAt: placement?.at,
    compose: texts(below(spec, 'compose')),
    overlays: items(below(spec, 'overlays')).map((overlay) => ({
      selector: placementOf(below(overlay, 'selector')),
      compose: texts(below(overlay, 'compose')),
      at: overlay.at,
    })),
    valuesFrom: valuesFromOf(root, `apps/${name}`),
    syncPolicy: syncPolicyOf(below(spec, 'syncPolicy')),
    profiles: texts(below(spec, 'profiles')),
    projectDirectory: text(below(spec, 'projectDirectory')),
    adopt: flag(below(spec, 'adopt')),
    pruneVolumes: flag(below(spec, 'pruneVolumes')),
    suspend: flag(below(spec, 'suspend')),
    rollout: rolloutOf(below(spec, 'rollout'), placementOf),
    syncWindows: syncWindowsOf(root),
    requires: requiresOf(root),
    dependsOn: dependsOnOf(root),
    ignoreDifferences: items(below(spec, 'ignoreDifferences')).map(ignoreRuleOf),
    at: root.at,
  };
}

function requireName(root: YamlNode, name: string, rule: string): void {
  const given = below(root, 'metadata', 'name');
  if (!given || text(given) === name) return;
  throw InputError.at(
    given.at,
    `metadata.name is \`${text(given)}\`, but the file's path says \`${name}\`: ${rule} ${name}`,
    'remove metadata.name, or move the file',
  );
}

function syncPolicyOf(node: YamlNode | undefined): SyncPolicy | undefined {
  if (!node) return undefined;
  const automated = below(node, 'automated');
  if (!automated) return {};
  return {
    automated: {
      prune: flag(below(automated, 'prune')),
      selfHeal: flag(below(automated, 'selfHeal')),
      allowEmpty: flag(below(automated, 'allowEmpty')),
    },
  };
}

function ignoreRuleOf(node: YamlNode): IgnoreRule {
  const services = below(node, 'services');
  return { services: services && texts(services), fields: texts(below(node, 'fields')) };
}

function placementOf(node: YamlNode | undefined): Placement {
  const matchLabels = below(node, 'matchLabels');
  const matchExpressions = below(node, 'matchExpressions');
  const sites = below(node, 'sites');
  return {
    matchLabels: matchLabels && textMap(matchLabels),
    matchExpressions: matchExpressions && items(matchExpressions).map(expressionOf),
    sites: sites && texts(sites),
  };
}

function expressionOf(node: YamlNode): NonNullable<LabelSelector['matchExpressions']>[number] {
  const operator = text(below(node, 'operator')) as 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  const values = below(node, 'values');
  return { key: text(below(node, 'key')) ?? '', operator, values: values && texts(values) };
}
