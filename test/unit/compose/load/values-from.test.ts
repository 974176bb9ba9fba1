import { describe, expect, test } from '@jest/globals';

import { container, env, fleet, PLAIN, refused, spec } from './values-fleet.ts';

describe('valuesFrom', () => {
  test('gives values from YAML, JSON and .env files, by paths from the document or from the root of the repo', async () => {
    const files = fleet(
      {
        'fleet.yaml': spec('Fleet', 'valuesFrom: values/all.yaml'),
        'values/all.yaml': 'A: 1.10\nB: true\nC: "two\\nlines"\n',
        'sites/eu/shop.yaml': spec('Site', 'valuesFrom: [shop.json, /values/eu.env]'),
        'sites/eu/shop.json': '{\n\t"D": "json",\n\t"E": 7\n}\n',
        'values/eu.env': '# a comment\nexport F="q ${G}"\nG=$$x\n'.replace('q ${G}', 'quoted'),
        'apps/pos/app.yaml': spec('Application', 'valuesFrom: [pos.yml]'),
        'apps/pos/pos.yml': 'H: from the app\n',
      },
      'environment: { A: "${A} ${B} ${C}", B: "${D} ${E}", C: "${F} ${G}", D: "${H}" }',
    );
    expect(await env(files)).toEqual({ A: '1.10 true two\nlines', B: 'json 7', C: 'quoted $x', D: 'from the app' });
  });

  test('the Site counts before the Application, which counts before the Fleet, and values in a document before its files', async () => {
    const layers: [string, string, string][] = [
      ['fleet.yaml', 'Fleet', 'valuesFrom: [/f1.yaml, /f2.yaml]'],
      ['fleet.yaml', 'Fleet', 'valuesFrom: [/f1.yaml, /f2.yaml]\n  values: { A: from Fleet }'],
      ['apps/pos/app.yaml', 'Application', 'valuesFrom: /app.yaml'],
      ['sites/eu/shop.yaml', 'Site', 'valuesFrom: /site.yaml'],
      ['sites/eu/shop.yaml', 'Site', 'valuesFrom: /site.yaml\n  values: { A: from Site }'],
    ];
    const files = fleet({
      'f1.yaml': 'A: f1\n',
      'f2.yaml': 'A: f2\n',
      'app.yaml': 'A: app\n',
      'site.yaml': 'A: site\n',
      'apps/pos/.env': 'A=.env\n',
    });
    const found = [(await env(files))?.A];
    let all: Record<string, string> = files;
    for (const [path, kind, text] of layers) {
      all = { ...all, [path]: spec(kind, text) };
      found.push((await env(all))?.A);
    }
    expect(found).toEqual(['.env', 'f2', 'from Fleet', 'app', 'site', 'from Site']);
    expect((await env(all, { localValues: { A: 'own' } }))?.A).toBe('own');
  });

  test.each([
    [
      'fleet.yaml',
      'Fleet',
      '/vales.yaml',
      'fleet.yaml:4:15: there is no file vales.yaml (did you mean `values.yaml`?)',
    ],
    [
      'apps/pos/app.yaml',
      'Application',
      'values.yaml',
      'apps/pos/app.yaml:4:15: there is no file apps/pos/values.yaml',
    ],
    [
      'sites/eu/shop.yaml',
      'Site',
      'more.yaml',
      'sites/eu/shop.yaml:4:15: sites/eu/more.yaml would be a Site, as each .yaml file below sites/ is (put the file elsewhere, as /values/NAME.yaml, or make it a .json or .env file)',
    ],
    [
      'fleet.yaml',
      'Fleet',
      '../x.yaml',
      'fleet.yaml:4:15: spec.valuesFrom must be the path of a .yaml, .yml, .json or .env file in the repo, not "../x.yaml"',
    ],
    [
      'fleet.yaml',
      'Fleet',
      'x.txt',
      'fleet.yaml:4:15: spec.valuesFrom must be the path of a .yaml, .yml, .json or .env file in the repo, not "x.txt"',
    ],
  ])('a path in %s that names no such file is refused with its place: %s %s', async (path, kind, written, said) => {
    const files = fleet({ 'values.yaml': 'A: 1\n', [path]: spec(kind, `valuesFrom: ${written}`) });
    expect(await refused(files)).toBe(said);
  });

  test.each([
    ['A: 1\nB:\n  C: 2\n', 'yaml', 'v.yaml:2:1: B is a mapping, and a value is one text'],
    ['A: [1]\n', 'yaml', 'v.yaml:1:1: A is a list, and a value is one text'],
    ['A:\n', 'yaml', 'v.yaml:1:1: A has no value (write "" for an empty text)'],
    ['- A\n', 'yaml', 'v.yaml:1:1: a file of valuesFrom is a mapping of names to values, not a list'],
    ['A: 1\n---\nB: 2\n', 'yaml', 'v.yaml:3:1: the file holds several YAML documents; one is expected'],
    ['{"A": "1",\n  "b-c": "2"}\n', 'json', 'v.json:2:1: "b-c" is not the name of a variable'],
    ['A=1\nHOLDFAST_SITE=x\n', 'env', 'v.env:2:1: "HOLDFAST_SITE" is not the name of a variable'],
    ['A=1\nB C=2\n', 'env', 'v.env:2:1: a line must be KEY=VALUE'],
    ['A=${TOKEN}\n', 'env', 'v.env:1:1: the value of A names a variable without a value'],
  ])('%j in .%s is refused with its place', async (text, ending, said) => {
    const files = fleet({ 'fleet.yaml': spec('Fleet', `valuesFrom: v.${ending}`), [`v.${ending}`]: text });
    expect(await refused(files, { localValues: { TOKEN: PLAIN } })).toContain(said);
  });
});

test('nobody may see a variable with a value that is not from Git either', async () => {
  const files = fleet({ 'apps/pos/.env': 'B=x${A}\n' }, 'environment: { A: "${A}", C: "${B}", D: "${D:-d}" }');
  const { hidden, covered } = await container(files, { localValues: { A: PLAIN } });
  expect([hidden, covered]).toEqual([['A', 'C'], undefined]);
});
