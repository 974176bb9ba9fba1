import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { claimsOf } from '../../../src/compose/claims.ts';
import { compileApp } from '../../../src/compose/compile-app.ts';
import { containerHash, contentDigest, hooksDigest } from '../../../src/container/labels/hash.ts';
import { containerLabels } from '../../../src/container/labels/labels.ts';
import { formatProblem, InputError } from '../../../src/lib/errors.ts';
import type { DesiredApp, DesiredContainer } from '../../../src/model/state.ts';
import { changeDigest } from '../../../src/plan/facts/goals.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { type DecryptedSops, decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { type SiteSecrets, siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { memorySnapshot, placedApp } from '../../unit/compose/support.ts';
import { composeOf, templates, usesOfToken } from './uses-of-token.ts';

const key = await generateIdentity();

/** Several forms of a secret: some are valid names, paths, numbers or ports. */
const SECRETS = [
  'qweasel17320508',
  '/qweasel/qmarten',
  '48217',
  '48.217.31.42',
  'Qa b"Qc\\\'d',
  'qx:/qy',
  'true-q7320508',
];
const FILES = new Map(
  await Promise.all(
    SECRETS.map(async (secret) => {
      const text = await sealedFile('v.json', JSON.stringify({ TOKEN: secret }), { recipients: [key.recipient] });
      const opened = await decryptSops(parseSops(Buffer.from(text), 'v.json') as SopsFile, [key]);
      return [secret, { text, opened }] as const;
    }),
  ),
);

/** A site by whose digests nobody can guess a secret. */
function secretsOf(opened: DecryptedSops, digestKey: number): SiteSecrets {
  const site = siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32, digestKey));
  return { ...site, open: async () => opened };
}

/** An app whose Compose file uses TOKEN, which is encrypted in Git; the problems, if it has some. */
async function compiled(compose: object, secret: string, digestKey = 1): Promise<DesiredApp | string> {
  const file = FILES.get(secret);
  if (!file) throw new Error('no such secret');
  const files = {
    'compose.yaml': JSON.stringify(compose),
    'v.json': file.text,
    '.env': 'DERIVED=x${TOKEN}y\n',
    'derived.env': 'A=${DERIVED}\nB=$TOKEN\n',
  };
  const app = placedApp({ valuesFrom: [{ of: 'Application', path: 'v.json' }] });
  try {
    return await compileApp(app, 'shop', memorySnapshot(files), {
      filesDir: '/files',
      secrets: secretsOf(file.opened, digestKey),
    });
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem).join('\n');
    throw error;
  }
}

const containersOf = (app: DesiredApp): DesiredContainer[] => app.services.flatMap(({ containers }) => containers);

/** All of an app that others can see: everything but the environment of its containers, with the labels that they get. */
function shown(app: DesiredApp): string {
  const labels = containersOf(app).map((one) =>
    containerLabels(
      { site: 'shop', app: app.name, service: 's', number: one.number },
      {
        specHash: containerHash(one),
        filesDigest: one.filesDigest,
        contentDigest: contentDigest(one.spec.Files),
        hooksDigest: hooksDigest(one.hooks),
        hidden: one.hidden ?? [],
        dependsOn: '',
        workingDir: '',
        oneoff: false,
      },
      one.spec,
    ),
  );
  const claims = claimsOf(app, () => undefined);
  const contents = containersOf(app).flatMap(({ spec }) =>
    (spec.Files ?? []).map(({ content }) => Buffer.from(content).toString()),
  );
  return JSON.stringify([app, labels, claims, contents, changeDigest(app)], (name, value) =>
    name === 'Env' ? Object.keys(value) : value,
  );
}

describe('a value that SOPS encrypted in a file of valuesFrom', () => {
  const anyUses = fc.oneof(usesOfToken, fc.constant([]));
  const inEnvironment = fc.option(fc.tuple(templates, fc.constantFrom('environment', 'list', 'env_file')), {
    nil: undefined,
  });

  test('is in the environment of containers or nowhere, wherever the Compose file uses it', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(anyUses, inEnvironment, fc.constantFrom(...SECRETS), async (uses, used, secret) => {
        const compose = withVariables(composeOf(uses), used);
        const app = await compiled(compose, secret);
        const text = typeof app === 'string' ? app : shown(app);
        for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) expect(text).not.toContain(form);
        if (typeof app === 'string' || !containersOf(app).some(({ covered }) => covered)) return;
        accepted++;
        // Nothing that others can see tells if another site has the same value.
        const elsewhere = await compiled(compose, secret, 2);
        const hashes = [app, elsewhere].map(
          (each) => typeof each !== 'string' && containersOf(each).map(containerHash),
        );
        expect(hashes[0]).not.toEqual(hashes[1]);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

function withVariables(compose: Record<string, unknown>, used: [template: string, form: string] | undefined) {
  const services = compose.services as Record<string, Record<string, unknown>>;
  if (!used || typeof services?.s !== 'object') return compose;
  const [template, form] = used;
  const own = {
    environment: { environment: { X: template } },
    list: { environment: [`X=${template}`, 'TOKEN'] },
    env_file: { env_file: 'derived.env' },
  };
  return { ...compose, services: { ...services, s: { ...services.s, ...own[form as keyof typeof own] } } };
}
