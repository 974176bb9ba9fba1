import type { DesiredApp, DesiredService } from '../state.ts';

/** The services of an app, and then its hooks: everything that a container is made of. */
export const servicesAndHooks = ({
  services,
  syncHooks = [],
}: Pick<DesiredApp, 'services' | 'syncHooks'>): DesiredService[] => [
  ...services,
  ...syncHooks.map(({ service }) => service),
];
