import { describe, expect, test } from '@jest/globals';
import { importsOf, ROOMS, violations } from '../../../scripts/check-arrows.ts';

const found = (files: Record<string, string>): string[] =>
  violations(Object.entries(files).map(([path, text]) => ({ path, text })));

describe('arrows between the folders of src', () => {
  test('an import of what the data comes from is fine, of what it goes to is not', () => {
    expect(
      found({
        'plan/order.ts': "import type { Plan } from '../model/plan.ts';\nimport { open } from '../engine/open.ts';\n",
        'engine/open.ts': '',
        'model/plan.ts': '',
      }),
    ).toEqual(['src/plan/order.ts:2: plan may not import engine']);
  });

  test.each([
    ['an import of several lines', "import {\n  one,\n  two,\n} from '../cli/x.ts';", 4],
    ['an import for its effect', "import '../cli/x.ts';", 1],
    ['a re-export', "export { one } from '../cli/x.ts';", 1],
    ['a re-export of everything', "export * from '../cli/x.ts';", 1],
    ['an import at run time', "\nconst later = () => import('../cli/x.ts');", 2],
    ['an import with attributes', "import x from '../cli/x.ts' with { type: 'json' };", 1],
  ])('%s is seen', (_, text, line) => {
    expect(found({ 'lib/a.ts': text })).toEqual([`src/lib/a.ts:${line}: lib may not import cli`]);
  });

  test('imports in comments and strings of the code are not imports', () => {
    expect(
      importsOf({ path: 'lib/a.ts', text: "// import '../cli/x.ts';\n/** import y from '../cli/y.ts' */\n" }),
    ).toEqual([]);
  });

  test('a folder that is not in the table is refused', () => {
    expect(found({ 'hub/a.ts': "import { b } from '../lib/b.ts';", 'lib/b.ts': '' })).toEqual([
      'src/hub/a.ts:1: hub is not in the table of scripts/check-arrows.ts',
    ]);
  });

  test('a package that belongs to one folder stays there', () => {
    const text = "import Docker from 'dockerode';\nimport http from 'isomorphic-git/http/node';\n";
    expect(found({ 'engine/a.ts': text, 'git/b.ts': text })).toEqual([
      'src/engine/a.ts:2: only src/git may import isomorphic-git',
      'src/git/b.ts:1: only src/engine may import dockerode',
    ]);
  });

  test('only data may be imported from outside src', () => {
    const text = "import s from '../../schemas/s.json' with { type: 'json' };\nimport { t } from '../../test/t.ts';\n";
    expect(found({ 'fleet/a.ts': text })).toEqual(['src/fleet/a.ts:2: ../../test/t.ts is outside src/']);
  });

  test('a circle is named once, from its first file on', () => {
    const circle = { 'lib/c.ts': "import './a.ts';", 'lib/b.ts': "import './c.ts';", 'lib/a.ts': "import './b.ts';" };
    expect(found(circle)).toEqual([
      'src/lib/a.ts: imports itself in a circle: lib/a.ts -> lib/b.ts -> lib/c.ts -> lib/a.ts',
    ]);
  });

  test('default exports, barrels and long files without a reason are refused', () => {
    const long = 'x;\n'.repeat(301);
    expect(
      found({
        'lib/a.ts': '\nexport default 1;',
        'lib/index.ts': '',
        'lib/long.ts': long,
        'lib/reasoned.ts': `/** Long because the table of fields reads better whole. */\n${long}`,
      }),
    ).toEqual([
      'src/lib/a.ts:2: no default exports',
      'src/lib/index.ts: no barrel files',
      'src/lib/long.ts: 301 lines; over 300 the first comment says why it is that long',
    ]);
  });

  test('the table has no circle itself: each folder only sees folders above it', () => {
    const seen = new Set<string>();
    for (const [folder, { mayImport }] of Object.entries(ROOMS)) {
      for (const other of mayImport) expect(seen).toContain(other);
      seen.add(folder);
    }
  });
});
