import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { siteOf } from '../../../src/fleet/documents.ts';
import { InputError } from '../../../src/lib/errors.ts';
import { editSite } from '../../../src/scaffold/inventory/edit-site.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';

const head = 'apiVersion: holdfast/v1\nkind: Site\n';
/** Forms in which people write a Site's labels. */
const FORMS = [
  head,
  `${head}metadata: {}\n`,
  `${head}metadata:\n`,
  `${head}metadata:\n  name: a\n`,
  `${head}metadata: { labels: { region: eu } } # flow\n`,
  `${head}metadata:\n  labels: {}\n`,
  `${head}metadata:\n  labels: { region: eu, "b": 'c, d' } # flow\nspec: {}\n`,
  `${head}metadata:\n    labels:\n        # one\n        region: "eu" # two\n        b: it's #3\n# three\nspec:\n  values: {}\n`,
  `${head}metadata:\n  labels:\n    region: >-\n      folded\n      text\n    b: 1.10\n`,
  `${head}metadata:\r\n  labels:\r\n    region: eu # one\r\n`.replace(/(?<!\r)\n/g, '\r\n'),
  `metadata:\n  labels:\n    region: eu\n${head}`,
  `${head}metadata:\n  labels:\n    region: eu`,
  `{apiVersion: holdfast/v1, kind: Site, metadata: {labels: {region: eu}}}\n`,
];

const labelsIn = (text: string): Record<string, string> => {
  const root = parseYaml(text, 'a.yaml');
  if (!root) throw new Error('no document');
  return siteOf(root, 'a').labels;
};
const comments = (text: string): string[] => text.match(/# (?:one|two|three|flow)/g) ?? [];

test('an edit changes its entry alone and keeps each comment, or it is refused', () => {
  const key = fc.oneof(fc.constantFrom('region', 'b', 'new'), fc.stringMatching(/^[a-z][a-z0-9._/-]{0,8}$/));
  const text = fc.option(
    fc.oneof(fc.constantFrom('true', 'null', '~', '1.10', '# x', 'a: b', "it's", '"', '{', ''), fc.string()),
  );
  let refused = 0;
  let edited = 0;
  fc.assert(
    fc.property(fc.constantFrom(...FORMS), key, text, (form, name, value) => {
      const before = labelsIn(form);
      const { [name]: _, ...others } = before;
      try {
        const after = editSite(form, 'a.yaml', [{ part: ['metadata', 'labels'], key: name, text: value }]);
        expect(labelsIn(after)).toEqual(value === null ? others : { ...others, [name]: value });
        if (value !== null) expect(comments(after)).toEqual(comments(form));
        edited++;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        refused++;
      }
    }),
  );
  expect(edited).toBeGreaterThan(refused);
});
