import type { Problem } from '../../lib/errors.ts';
import { parseBytes } from '../../lib/units/bytes.ts';
import type { DeviceRequirement, Requires } from '../../model/requirement.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text, texts } from '../values/values.ts';

/** Reads the `requires` of an Application, as its schema and `requiresProblems` have checked it; undefined: it has none. */
export function requiresOf(root: YamlNode): Requires | undefined {
  const node = nodeOf(root);
  if (!node) return undefined;
  const gpus = below(node, 'gpus');
  return {
    devices: items(below(node, 'devices')).map(deviceOf),
    gpus: gpus?.kind === 'scalar' ? Number(gpus.value) : undefined,
    runtimes: texts(below(node, 'runtimes')),
    memory: parseBytes(text(below(node, 'memory')) ?? ''),
    disk: parseBytes(text(below(node, 'disk')) ?? ''),
    onLoss: text(below(node, 'onLoss')) === 'keep' ? 'keep' : 'stop',
  };
}

function deviceOf(node: YamlNode): DeviceRequirement {
  const path = text(below(node, 'path'));
  if (path !== undefined) return { path };
  return { vendor: text(below(node, 'vendor')), model: text(below(node, 'model')) };
}

/** The problems of `requires` that no schema can find, each with its place. Values that the schema refuses are left to it. */
export function requiresProblems(root: YamlNode): Problem[] {
  const node = nodeOf(root);
  const devices = items(below(node, 'devices')).filter(({ kind }) => kind === 'mapping');
  return [...devices.flatMap(deviceProblems), ...['memory', 'disk'].flatMap((key) => sizeProblems(node, key))];
}

function deviceProblems(node: YamlNode): Problem[] {
  const [path, vendor, model] = ['path', 'vendor', 'model'].map((key) => below(node, key));
  if (!path && !vendor && !model) {
    const hint = 'for example {path: /dev/ttyUSB0} or {vendor: FTDI}';
    return [{ at: node.at, message: 'a device needs a `path`, or a `vendor` or a `model`', hint }];
  }
  if (path && (vendor || model)) {
    const hint = 'remove one of them, or write two devices';
    return [{ at: node.at, message: 'a device is named by its `path` or by `vendor` and `model`, not by both', hint }];
  }
  const written = text(path);
  if (!path || written === undefined) return [];
  const parts = written.split('/');
  if (!written.startsWith('/dev/') || parts.slice(1).some((part) => part === '' || part === '.' || part === '..')) {
    const message = `${JSON.stringify(written)} is not the path of a device`;
    return [{ at: path.at, message, hint: 'a path below /dev, as /dev/ttyUSB0 or /dev/serial/by-id/usb-FTDI*' }];
  }
  if (!parts.slice(0, -1).join('/').includes('*')) return [];
  return [{ at: path.at, message: 'only the last part of a path may have a `*`', hint: 'as /dev/serial/by-id/*' }];
}

function sizeProblems(node: YamlNode | undefined, key: string): Problem[] {
  const found = below(node, key);
  const written = text(found);
  if (!found || written === undefined || (parseBytes(written) ?? 0) > 0) return [];
  const message = `spec.requires.${key}: ${JSON.stringify(written)} is not a size above zero`;
  return [{ at: found.at, message, hint: 'for example 512MiB or 2g' }];
}

const nodeOf = (root: YamlNode): YamlNode | undefined => below(root, 'spec', 'requires');
