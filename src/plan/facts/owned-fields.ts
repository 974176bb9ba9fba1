import type { DesiredApp } from '../../model/state.ts';

/** The fields of a service that the site owns. */
export function ownedFields({ ignoreDifferences = [] }: DesiredApp, service: string): string[] {
  const rules = ignoreDifferences.filter(
    ({ services }) => !services || services.some((glob) => matches(glob, service)),
  );
  return [...new Set(rules.flatMap(({ fields }) => fields))];
}

/** `*` stands for any number of characters. Each part is looked for once, from the left: a pattern of others cannot make this slow. */
function matches(glob: string, name: string): boolean {
  const [first = '', ...others] = glob.split('*');
  const last = others.pop();
  if (last === undefined) return name === glob;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  const end = name.length - last.length;
  for (const part of others) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
