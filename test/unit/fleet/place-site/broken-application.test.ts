import { describe, expect, test } from '@jest/globals';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { InputError, SourceError } from '../../../../src/lib/errors.ts';
import type { Snapshot } from '../../../../src/model/snapshot.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';
import { APP, brokenBy, COMPOSE, FLEET, fleet, SITE } from './fleets.ts';

describe('a broken Application', () => {
  test('does not affect others and has the name of its folder', async () => {
    const placed = await placeSite(fleet({ 'apps/bad/app.yaml': `${APP}spec: { nope: 1 }` }), {});
    expect(placed.apps.map(({ name }) => name)).toEqual(['web']);
    expect(placed.broken).toEqual([
      {
        name: 'bad',
        problems: [
          {
            app: 'bad',
            at: { file: 'apps/bad/app.yaml', line: 3, column: 9 },
            message: 'unknown key `nope` in spec',
            hint: 'known are placement, compose, valuesFrom, overlays, syncPolicy, profiles, projectDirectory, adopt, ignoreDifferences, pruneVolumes, suspend, rollout, syncWindows, dependsOn, requires',
          },
        ],
      },
    ]);
  });

  test('is told everything at once', async () => {
    const text = `${APP}placement: {}
spec:
  placement:
    matchExpressions:
      - { key: tier, operator: in, values: [a] }
      - { key: tier, operator: In }
      - { key: tier, operator: Exists, values: [a] }
      - { operator: NotIn, values: [] }
    sites: [a/../b]
  compose: [../base.yaml, /etc/x.yaml]
  overlays:
    - selector: {}
  projectDirectory: ../srv
`;
    expect(await brokenBy({ 'apps/web/app.yaml': text })).toEqual([
      'apps/web/app.yaml:3:1: unknown key `placement` (it belongs under `spec`)',
      'apps/web/app.yaml:7:32: spec.placement.matchExpressions[0].operator must be one of In, NotIn, Exists, DoesNotExist, not "in" (did you mean `In`?)',
      'apps/web/app.yaml:8:9: `values` is missing in spec.placement.matchExpressions[1]',
      'apps/web/app.yaml:9:40: spec.placement.matchExpressions[2].values does not go with the operators Exists and DoesNotExist',
      'apps/web/app.yaml:10:9: `key` is missing in spec.placement.matchExpressions[3]',
      'apps/web/app.yaml:10:36: spec.placement.matchExpressions[3].values must not be empty',
      'apps/web/app.yaml:11:13: spec.placement.sites[0] must be a site\'s name: its path below sites/ without .yaml, with letters, digits, ., - and _, not "a/../b"',
      'apps/web/app.yaml:12:13: spec.compose[0] must be a path inside the Application\'s folder, not "../base.yaml"',
      'apps/web/app.yaml:12:27: spec.compose[1] must be a path inside the Application\'s folder, not "/etc/x.yaml"',
      'apps/web/app.yaml:14:7: `compose` is missing in spec.overlays[0]',
      'apps/web/app.yaml:15:21: spec.projectDirectory must be a path in the Application\'s folder or an absolute one on the site, without .., not "../srv"',
    ]);
  });

  test('has no Compose file', async () => {
    const snapshot = memorySnapshot({ 'fleet.yaml': FLEET, 'sites/one.yaml': SITE, 'apps/web/app.yaml': APP });
    expect((await placeSite(snapshot, {})).broken[0]?.problems[0]).toMatchObject({
      at: { file: 'apps/web/app.yaml', line: 1, column: 1 },
      message: 'apps/web has no Compose file',
    });
  });

  test('names a Compose file that is not there', async () => {
    const text = `${APP}spec:\n  compose: [compse.yaml, other.yaml]\n`;
    expect(await brokenBy({ 'apps/web/app.yaml': text })).toEqual([
      'apps/web/app.yaml:4:13: there is no file apps/web/compse.yaml (did you mean `compose.yaml`?)',
      'apps/web/app.yaml:4:26: there is no file apps/web/other.yaml',
    ]);
  });

  test('has a folder whose name is no project name', async () => {
    const { broken } = await placeSite(fleet({ 'apps/Web App/app.yaml': APP }), {});
    expect(broken.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
      [
        'Web App',
        'the folder\'s name "Web App" is the Application\'s name, but it cannot be the name of a Compose project',
      ],
    ]);
  });

  test('calls its document by another name, or has none', async () => {
    const { broken } = await placeSite(fleet({ 'apps/a/app.yml': APP, 'apps/b/docker-compose.yml': COMPOSE }), {});
    expect(new InputError(broken.flatMap(({ problems }) => problems)).message.split('\n')).toEqual([
      'apps/a/app.yml:1:1: the file of an Application is named app.yaml, not app.yml (rename it to app.yaml)',
      'apps/b/docker-compose.yml:1:1: apps/b has a Compose file but no app.yaml (add apps/b/app.yaml with `kind: Application`, or move the folder out of apps/)',
    ]);
  });

  test('is a link', async () => {
    const files = fleet();
    const snapshot: Snapshot = {
      ...files,
      read: async (path) => {
        if (path === 'apps/web/app.yaml') throw new SourceError('path', 'apps/web is a symbolic link');
        return files.read(path);
      },
    };
    expect((await placeSite(snapshot, {})).broken).toEqual([
      { name: 'web', problems: [{ app: 'web', message: 'apps/web is a symbolic link' }] },
    ]);
  });

  test('is not what a source that fails makes of an app', async () => {
    const files = fleet();
    const snapshot: Snapshot = {
      ...files,
      read: async (path) => {
        if (path.startsWith('apps/')) throw new SourceError('unreachable', 'gone');
        return files.read(path);
      },
    };
    await expect(placeSite(snapshot, {})).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
