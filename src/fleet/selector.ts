import type { LabelSelector, Placement } from '../model/fleet.ts';

/**
 * True when a placement selects a site. All given conditions must hold. No condition selects every site; an empty list of sites selects no
 * site. Labels work as in Kubernetes: a site without the label matches NotIn and DoesNotExist.
 */
export function selects(placement: Placement, site: { name: string; labels: Record<string, string> }): boolean {
  const { matchLabels = {}, matchExpressions = [], sites } = placement;
  const label = (key: string): string | undefined => (Object.hasOwn(site.labels, key) ? site.labels[key] : undefined);
  return (
    (sites === undefined || sites.includes(site.name)) &&
    Object.entries(matchLabels).every(([key, value]) => label(key) === value) &&
    matchExpressions.every((expression) => holds(expression, label(expression.key)))
  );
}

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
