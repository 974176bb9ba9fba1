import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

const head = 'apiVersion: holdfast/v1\nkind: ';
const canary = 'overlays: [{selector: {matchLabels: {ring: canary}}, compose: [canary.yaml]}]';

let folder: ConfigFolder;
beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': `${head}Fleet\nspec: { syncPolicy: {} }\n`,
    'sites/a.yaml': `${head}Site\nmetadata: { labels: { ring: canary } }\n`,
    'sites/b.yaml': `${head}Site\n`,
    'sites/c.yaml': `${head}Site\n`,
    'apps/pos/app.yaml': `${head}Application\nspec: { ${canary} }\n`,
    'apps/pos/canary.yaml': 'services: { web: {} }\n',
    'apps/pos/compose.yaml': 'services: { web: { image: "pos:1", mem_limit: 64m } }\n',
    'policy.yaml': `${head}Policy\nspec: { profile: standard, limits: { memory: 1GiB } }\n`,
  });
});
afterEach(() => folder.remove());

/** The exit code, and the errors: the place and the rule of each, with the sites where not all have it. */
async function validate(): Promise<[code: number, refused: string[]]> {
  forgetWritten();
  const code = await run(['validate', folder.dir, '--policy', `${folder.dir}/policy.yaml`]);
  const refused = written.split('\n').flatMap((line) => {
    const refusal = /^error: (\S+?:\d+:\d+): the site's policy refuses it \((\w+)\).*?( on sites? [^(]+?)? \(take/;
    const found = refusal.exec(line);
    return found ? [`${found[1]} ${found[2]}${found[3] ?? ''}`] : [];
  });
  return [code, refused];
}

test('each thing that the policy forbids is told with the place of its key, and with the sites that have it', async () => {
  expect(await validate()).toEqual([0, []]);
  await folder.write({
    'apps/pos/canary.yaml': 'services:\n  web:\n    pid: host\n',
    'apps/pos/compose.yaml': `services:
  web:
    image: pos:1
    deploy: { resources: { limits: { memory: 2g } } }
    cap_add: [SYS_ADMIN]
    volumes:
      - /etc:/host
      - store:/store
  other:
    image: pos:1
    post_start: [{ command: id, privileged: true }]
    networks: [back]
volumes:
  store: { driver_opts: { type: none, o: bind, device: /root } }
networks:
  back: { external: true, name: theirs }
`,
  });
  expect(await validate()).toEqual([
    2,
    [
      'apps/pos/canary.yaml:3:5 hostNamespaces on site a',
      'apps/pos/compose.yaml:5:5 capabilities',
      'apps/pos/compose.yaml:6:5 hostPaths',
      'apps/pos/compose.yaml:6:5 agentFolders',
      'apps/pos/compose.yaml:9:3 hooks',
      // No key says that it has no limit.
      'apps/pos/compose.yaml:9:3 memory',
      'apps/pos/compose.yaml:14:3 hostPaths',
      'apps/pos/compose.yaml:16:3 externalNetworks',
    ],
  ]);
});

test('a key that another file gives is told with its place there', async () => {
  await folder.write({
    'apps/pos/base.yaml': 'services:\n  base:\n    privileged: true\n',
    'apps/pos/compose.yaml': `services:\n  web: { extends: { file: base.yaml, service: base }, image: "pos:1", mem_limit: 2g }\n`,
  });
  expect(await validate()).toEqual([2, ['apps/pos/base.yaml:3:5 privileged', 'apps/pos/compose.yaml:2:71 memory']]);
});

test('an app that the policy refuses does not hide problems of others, and a policy that cannot be read is an error', async () => {
  await folder.write({
    'apps/pos/compose.yaml': 'services: { web: { image: "pos:1", mem_limit: 64m, ipc: host } }\n',
    'apps/bad/app.yaml': `${head}Application\n`,
    'apps/bad/compose.yaml': 'services: { web: { imagee: x } }\n',
  });
  expect(await validate()).toEqual([2, ['apps/pos/compose.yaml:1:52 hostNamespaces']]);
  expect(written).toContain('error: apps/bad/compose.yaml:1:20');
  await folder.write({ 'policy.yaml': `${head}Policy\nspec: { profil: standard }\n` });
  expect((await validate())[0]).toBe(2);
  expect(written).toMatch(/policy\.yaml:3:9: unknown key `profil`/);
});
