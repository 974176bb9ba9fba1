import { readPolicy } from '../../../src/cli/repo/policy-file.ts';
import { SECRETS_DIR } from '../../../src/compose/load/values/values.ts';
import { createSitePolicy, type SitePolicy } from '../../../src/policy/site-policy.ts';

const read = async (more: string): Promise<SitePolicy> =>
  createSitePolicy(
    await readPolicy(`apiVersion: holdfast/v1\nkind: Policy\nspec:\n  profile: lab\n${more}`, 'policy.yaml'),
    { filesDir: '/var/lib/holdfast/apps', secretsDir: SECRETS_DIR, own: [], sockets: [] },
  );

/** The policies of a site in a story: `strict` refuses privileged containers. */
export const POLICIES = { strict: await read('  deny: { privileged: true }\n'), open: await read('') };
