import { fullName } from '../../container/image-reference.ts';
import { atLeast } from '../../lib/api-version.ts';
import type { Dialect } from './dialect.ts';

/** Docker, whose words all other dialects are translated into. Source: the Engine API's version history. */
export const docker: Dialect = {
  product: 'Docker',
  isSpokenBy: () => true,
  capabilities: (apiVersion) => ({
    update: true,
    networksAtCreate: atLeast(apiVersion, '1.44'),
    removesJoined: true,
    startInterval: atLeast(apiVersion, '1.44'),
    unreported: atLeast(apiVersion, '1.43') ? [] : ['Annotations'],
    quirks: atLeast(apiVersion, '1.42') ? [] : ['bindsMustExist'],
  }),
  toCreate: async (body) => body,
  fromInspect: (inspect) => inspect,
  fromListItem: (item) => item,
  fromNetwork: (network) => network,
  networkReference: async (id) => id,
  pullReference: (image) =>
    image.registry === 'docker.io' ? image.repository.replace(/^library\//, '') : fullName(image),
};
