import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, jest, test } from '@jest/globals';
import { buildImages } from '../../demo/shop.ts';
import { createStage, type Stage } from '../../demo/stage.ts';
import { story } from '../../demo/story.ts';
import { silentTeller } from '../../demo/teller.ts';
import { freePort } from '../support/net/registry.ts';

// Holds the story that `npm run demo` tells people to the same checks of the same real parts.
const host = process.env.HOLDFAST_TEST_DOCKER ?? '';

jest.setTimeout(120_000);

(host ? describe : describe.skip)('the story that the demo tells', () => {
  let stage: Stage;

  beforeAll(async () => {
    await buildImages(host);
    const name = `story-${randomBytes(3).toString('hex')}`;
    const dir = await mkdtemp(join(tmpdir(), 'hf-story-'));
    const [port, gitPort] = [await freePort(), await freePort()];
    stage = await createStage({ dir, host, site: name, app: name, port, gitPort });
    await stage.startGit();
  });

  afterAll(() => stage?.clear());

  for (const { title, play } of story) {
    test(title, async () => {
      try {
        await play(stage, silentTeller);
      } catch (error) {
        throw new Error(`${error}\n\nThe agent said:\n${(await stage.words()).slice(-30).join('\n')}`, {
          cause: error,
        });
      }
    });
  }
});
