// Stands in the bundle for a package that Holdfast never uses (see build.ts). Packages that mention it load; using it is an error.
const refuse = (name) => {
  throw new Error(`this part of a library (${String(name)}) is left out of Holdfast's bundle`);
};
module.exports = new Proxy(function leftOut() {}, {
  get: (_, name) => (name === '__esModule' || typeof name === 'symbol' ? undefined : (...args) => refuse(name, args)),
  apply: () => refuse('call'),
  construct: () => refuse('constructor'),
});
