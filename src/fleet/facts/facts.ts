import type { Problem } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { Placement, SiteFacts } from '../../model/fleet.ts';
import type { HostOfEngine } from '../../model/requirement.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text } from '../values/values.ts';

/** Labels with this prefix are facts: a site finds them out by itself. */
const PREFIX = 'holdfast.';

/** The values that a site can find. Names of architectures and systems are those of Go, which engines use. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  'holdfast.arch': ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips64le', 'ppc64le', 'riscv64', 's390x'],
  'holdfast.os': ['linux', 'windows', 'freebsd'],
  'holdfast.engine': ['docker', 'podman'],
};

/** The facts that the engine of a site tells; one that it does not tell is absent. */
export const siteFacts = ({ arch, os, engine }: HostOfEngine = {}): SiteFacts => ({
  ...(arch && { 'holdfast.arch': arch }),
  ...(os && { 'holdfast.os': os }),
  ...(engine && { 'holdfast.engine': engine }),
});

export const isFact = (label: string): boolean => label.startsWith(PREFIX);

/** The facts that a placement asks for. */
export const factsIn = ({ matchLabels = {}, matchExpressions = [] }: Placement): string[] => [
  ...new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)].filter(isFact)),
];

/** `its placement does not take holdfast.arch amd64`: why an app is not for a site, where a fact decides that. */
export const factReason = (placement: Placement, facts: SiteFacts): string =>
  `its placement does not take ${factsIn(placement)
    .map((fact) => `${fact} ${facts[fact] ?? '(unknown)'}`)
    .join(', ')}`;

/** The problems of labels that only a site may give, and of selectors that ask for a fact that no site can have. Each has its place. */
export function factProblems(root: YamlNode): Problem[] {
  const selectors = [
    below(root, 'spec', 'placement'),
    ...items(below(root, 'spec', 'overlays')).map((node) => below(node, 'selector')),
    ...items(below(root, 'spec', 'rollout', 'steps')).map((node) => below(node, 'selector')),
  ];
  return [...ownLabels(below(root, 'metadata', 'labels')), ...selectors.flatMap(selectorProblems)];
}

function ownLabels(labels: YamlNode | undefined): Problem[] {
  const entries = labels?.kind === 'mapping' ? labels.entries : [];
  return entries
    .filter(({ key }) => isFact(key))
    .map(({ key, keyAt }) => ({
      at: keyAt,
      message: `the label \`${key}\` is reserved: labels that begin with \`${PREFIX}\` are facts, which a site finds out by itself`,
      hint: 'take another name',
    }));
}

function selectorProblems(selector: YamlNode | undefined): Problem[] {
  const labels = below(selector, 'matchLabels');
  const entries = labels?.kind === 'mapping' ? labels.entries : [];
  const pairs = entries.filter(({ key }) => isFact(key));
  const expressions = items(below(selector, 'matchExpressions')).flatMap((node) => {
    const key = below(node, 'key');
    const name = text(key);
    return key && name !== undefined && isFact(name) ? [{ name, key, values: items(below(node, 'values')) }] : [];
  });
  return [
    ...pairs.flatMap(({ key, keyAt, value }) => factProblem(key, { at: keyAt }, [value])),
    ...expressions.flatMap(({ name, key, values }) => factProblem(name, key, values)),
  ];
}

function factProblem(name: string, { at }: Pick<YamlNode, 'at'>, values: readonly YamlNode[]): Problem[] {
  const known = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined;
  if (!known)
    return [{ at, message: `there is no fact \`${name}\``, hint: `known are ${Object.keys(FACTS).join(', ')}` }];
  return values.flatMap((node) => {
    const value = text(node) ?? '';
    if (known.includes(value)) return [];
    const near = didYouMean(value, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean \`${near}\`?`;
    return [{ at: node.at, message: `no site can have ${name} ${JSON.stringify(value)}`, hint }];
  });
}
