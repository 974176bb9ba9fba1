import type { DesiredApp } from '../model/state.ts';

/** The fields of a service that the site owns. */
export function ownedFields({ ignoreDifferences = [] }: DesiredApp, service: string): string[] {
  const rules = ignoreDifferences.filter(
    ({ services }) => !services || services.some((glob) => matches(glob, service)),
  );
  return [...new Set(rules.flatMap(({ fields }) => fields))];
}

/** `*` stands for any number of characters. */
const matches = (glob: string, name: string): boolean =>
  new RegExp(
    `^${glob
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(name);
