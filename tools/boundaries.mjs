/** Who may import whom. Two tags per project: `layer:*` gives the direction, `io:*` the purity. See docs/STYLE.md. */
const layer = (name, ...may) => ({
  sourceTag: `layer:${name}`,
  onlyDependOnLibsWithTags: may.map((each) => `layer:${each}`),
});
/** `vitest` and `fast-check` are for tests; eslint.config.mjs keeps them out of everything else. */
const onlyPackages = (...allowed) => ({ allowedExternalImports: ['vitest', 'fast-check', ...allowed] });

export const depConstraints = [
  { ...layer('base', 'base'), ...onlyPackages() },
  // smol-toml is pure, and libs/config reads TOML with it; eslint.config.mjs keeps it out of every other room.
  { ...layer('model', 'base', 'model'), ...onlyPackages('smol-toml') },
  // No core imports a core: services compose them. re2js is pure, and RE2's syntax is part of InfluxQL.
  { ...layer('core', 'base', 'model'), ...onlyPackages('re2js') },
  { ...layer('port', 'base', 'model'), ...onlyPackages() },
  { ...layer('kit', 'base', 'model', 'port', 'core'), ...onlyPackages() },
  // No service imports a service: they talk over the bus.
  { ...layer('service', 'base', 'model', 'port', 'core', 'kit'), ...onlyPackages() },
  layer('thread', 'base', 'model', 'port'),
  layer('adapter', 'base', 'model', 'port', 'thread'),
  { ...layer('harness', 'base', 'model', 'port', 'core', 'kit', 'service'), ...onlyPackages() },
  layer('app', 'base', 'model', 'port', 'kit', 'service', 'thread', 'adapter', 'app'),
  layer('tool', 'base', 'model', 'port', 'core', 'kit', 'service', 'thread', 'adapter', 'harness', 'app', 'tool'),
  { sourceTag: 'io:none', onlyDependOnLibsWithTags: ['io:none'] },
];
