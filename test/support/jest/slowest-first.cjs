const { readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Files and folders in the table "The slowest" of docs/testing.md. */
const slowest = (root) =>
  [...readFileSync(join(root, 'docs', 'testing.md'), 'utf8').matchAll(/^\| `(test\/[^`]+)`/gm)].map(([, path]) => path);

/**
 * Starts the slowest tests first, so that no worker is left alone with one at the end. By itself jest knows durations from its last run only, and takes
 * the largest files first where it has none, as in a fresh clone.
 */
module.exports = class SlowestFirst extends Sequencer {
  sort(tests) {
    const all = [...super.sort(tests)];
    const rank = ({ path, context }) => {
      const root = context.config.rootDir;
      const name = relative(root, path);
      const found = slowest(root).findIndex((each) => name.startsWith(each));
      return found < 0 ? Number.POSITIVE_INFINITY : found;
    };
    const ranks = new Map(all.map((test) => [test, rank(test)]));
    return all.sort((a, b) => (ranks.get(a) === ranks.get(b) ? 0 : ranks.get(a) - ranks.get(b)));
  }
};
