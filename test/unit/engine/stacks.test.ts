import { expect, test } from '@jest/globals';
import { stacksOf } from '../../../src/engine/stacks.ts';

const item = (Labels: Record<string, string>) => ({
  Id: 'x',
  Image: 'x',
  ImageID: 'x',
  State: 'running',
  Status: 'Up',
  Labels,
});
const composed = (project: string, directory: string, more: Record<string, string> = {}) =>
  item({
    'com.docker.compose.project': project,
    'com.docker.compose.service': 'web',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.project.working_dir': directory,
    ...more,
  });
const own = (site: string, app: string, directory: string) =>
  composed(app, directory, { 'dev.holdfast.site': site, 'dev.holdfast.app': app });

test('each project with the folders that its containers were started from, ours and those that could be adopted', () => {
  const listed = [
    composed('shop', '/srv/shop'),
    composed('shop', '/srv/shop'),
    own('here', 'shop', '/var/apps/shop'),
    own('here', 'till', '/srv/till'),
    own('there', 'till', '/elsewhere'),
    composed('shop', '/run', { 'com.docker.compose.oneoff': 'True' }),
    composed('desk', 'C:\\desk'),
    item({ 'com.docker.compose.project': 'odd' }),
  ];
  expect(stacksOf(listed, 'here')).toEqual({ shop: ['/srv/shop', '/var/apps/shop'], till: ['/srv/till'] });
});
