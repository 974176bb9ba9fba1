import type { LabelSelector, Placement, SiteFacts } from '../../model/fleet.ts';
import { isFact } from '../facts/facts.ts';

/** A site as a placement sees it. Without `facts`, nobody knows them here. */
export interface Selectable {
  name: string;
  labels: Record<string, string>;
  facts?: SiteFacts | undefined;
}

/**
 * True when a placement selects a site. All given conditions must hold. No condition selects every site; an empty list of sites selects no
 * site. Labels work as in Kubernetes: a site without the label matches NotIn and DoesNotExist. A condition on a fact that is not known holds, since it may.
 */
export const selects = (placement: Placement, site: Selectable): boolean => selection(placement, site) !== 'no';

/** The same, told apart: `maybe` hangs on facts that are not known. */
export function selection(placement: Placement, site: Selectable): 'yes' | 'no' | 'maybe' {
  const { matchLabels = {}, matchExpressions = [], sites } = placement;
  const { labels, facts } = site;
  const label = (key: string): string | undefined => own(isFact(key) ? (facts ?? {}) : labels, key);
  const isUnknown = (key: string): boolean => facts === undefined && isFact(key);
  const isSelected =
    (sites === undefined || sites.includes(site.name)) &&
    Object.entries(matchLabels).every(([key, value]) => isUnknown(key) || label(key) === value) &&
    matchExpressions.every((expression) => isUnknown(expression.key) || holds(expression, label(expression.key)));
  if (!isSelected) return 'no';
  const keys = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
  return keys.some(isUnknown) ? 'maybe' : 'yes';
}

const own = (labels: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function holds(expression: NonNullable<LabelSelector['matchExpressions']>[number], value: string | undefined): boolean {
  const { operator, values = [] } = expression;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
