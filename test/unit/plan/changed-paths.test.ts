import { expect, test } from '@jest/globals';
import type { OutsidePath } from '../../../src/model/app/outside-path.ts';
import { actualOf, app, but, service, settled, site } from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const SITE = '/apps/data/x';
const COPY = '/apps/shop/.repo/apps/data/x';
const at = { file: 'compose.yaml', line: 4, column: 2 };

const reading = (from: OutsidePath['from']) => {
  const Source = from === 'git' ? COPY : SITE;
  const shop = app('shop', service('web', { Mounts: [{ Type: 'bind' as const, Source, Target: '/x' }] }));
  return site({ ...shop, outside: [{ path: 'apps/data/x', from, site: SITE, copy: COPY, at }] });
};
const [git, data] = [reading('git'), reading('site')];

test('a container keeps what it binds where Git would now put a copy over it, or take one away', () => {
  for (const [now, before, kept] of [
    [git, data, `the site's own ${SITE}`],
    [data, git, `a copy of what Git had (${COPY})`],
  ] as const) {
    expect(planLines({ git: now, site: actualOf(before), memory: settled(before) })).toEqual([
      expect.stringContaining(`error: a container of shop binds ${kept}, and would now bind`),
    ]);
  }
});

test('nothing is said where it binds the same, or where docker compose made it', () => {
  expect(planLines({ git, site: actualOf(git), memory: settled(git) })).toEqual([]);
  const adopted = but(actualOf(data), 'shop-web-1', { adopted: true });
  expect(planLines({ git, site: adopted, memory: settled(git) }).filter((line) => line.startsWith('error'))).toEqual(
    [],
  );
});
