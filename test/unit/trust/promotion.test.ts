import { describe, expect, test } from '@jest/globals';
import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { type PromotionContent, promotionPayload, promotionRefs, readPromotion } from '../../../src/trust/promotion.ts';
import { signSsh } from '../../../src/trust/signature/ssh-sign.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import { type Person, person } from '../../support/git/forge.ts';

const DAY = 86_400_000;
const issued = Date.UTC(2026, 5, 1);
const [ada, shop, eve] = [person('ada'), person('shop'), person('eve')];
const signers = [
  { name: 'ada', ssh: [ada.line] },
  { name: 'shop', ssh: [shop.line], paths: ['apps/pos'] },
  { name: 'ci', ssh: [`ci namespaces="git" ${eve.line}`] },
];
const text = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { verify: 'every', signers } });
const content: PromotionContent = {
  revision: 'main',
  app: 'pos',
  commit: '2'.repeat(40),
  step: 2,
  state: 'open',
  sequence: issued / 1000,
  issued,
  expires: issued + 30 * DAY,
};

async function read(
  by: Person | undefined,
  changes: Partial<PromotionContent> = {},
  asked = { revision: 'main', app: 'pos' },
) {
  const trust = by && (await parseTrust(text, 'trust.yaml', (root) => schemaProblems(root, 'Trust')));
  const payload = promotionPayload({ ...content, ...changes });
  const tag = Buffer.from(by ? payload + signSsh(by.key, Buffer.from(payload), 'holdfast-rollout') : payload);
  return readPromotion(objectId({ type: 'tag', content: tag }), tag, asked, trust, issued).then(
    ({ oid: _, ...promotion }) => promotion,
    (error: { kind: string }) => error.kind,
  );
}

describe('a promotion', () => {
  test('says of which app in which commit which step is open', async () => {
    const { revision: _, ...said } = content;
    expect(await read(ada)).toEqual(said);
    expect(await read(ada, { state: 'hold' })).toEqual({ ...said, state: 'hold' });
    // A site that believes its repo asks for no signature.
    expect(await read(undefined)).toEqual(said);
  });

  test('counts for its own app and revision alone', async () => {
    expect(await read(ada, { app: 'other' })).toBe('promotion');
    expect(await read(ada, { revision: 'next' })).toBe('promotion');
    expect(await read(ada, {}, { revision: '', app: 'pos' })).toBe('promotion');
    expect(await read(ada, { revision: 'HEAD' }, { revision: '', app: 'pos' })).toMatchObject({ app: 'pos' });
  });

  test('is signed by a signer who may change everything, and whose key is for rollouts', async () => {
    expect(await read(shop)).toBe('outsidePaths');
    expect(await read(eve)).toBe('wrongPurpose');
    expect(await read(person('stranger'))).toBe('unknownKey');
  });

  test('has no number that would keep later ones from being believed, and holds for a year at most', async () => {
    expect(await read(ada, { sequence: issued / 1000 + 86_401 })).toBe('promotion');
    expect(await read(ada, { expires: issued + 400 * DAY })).toBe('promotion');
    expect(await read(ada, { expires: issued - DAY })).toBe('promotion');
    expect(await read(ada, { step: 0 })).toBe('promotion');
  });
});

test('the refs of promotions are those of a branch or a tag', () => {
  expect(['', 'main', 'release/1.x', '1'.repeat(40), '../x'].map(promotionRefs)).toEqual([
    'refs/holdfast/rollout/HEAD/',
    'refs/holdfast/rollout/main/',
    'refs/holdfast/rollout/release/1.x/',
    undefined,
    undefined,
  ]);
});
