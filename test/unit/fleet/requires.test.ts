import { describe, expect, test } from '@jest/globals';
import { placeSite } from '../../../src/fleet/place-site.ts';
import type { Requires } from '../../../src/model/requirement.ts';
import { COMPOSE, fleet } from './place-site/fleets.ts';

/** The `requires` of an app, as YAML below that key, and the problems of it with their places. */
async function read(...lines: string[]): Promise<{ requires?: Requires | undefined; problems: string[] }> {
  const app = ['apiVersion: holdfast/v1', 'kind: Application', 'spec:', '  requires:', ...lines].join('\n');
  const placed = await placeSite(fleet({ 'apps/pos/app.yaml': app, 'apps/pos/compose.yaml': COMPOSE }), {
    site: 'one',
  });
  const find = ({ name }: { name: string }): boolean => name === 'pos';
  const problems = placed.broken.find(find)?.problems ?? [];
  return {
    requires: placed.apps.find(find)?.requires,
    problems: problems.map(({ at, message }) => `${at?.file}:${at?.line}:${at?.column}: ${message}`),
  };
}

describe('the requirements of an app', () => {
  test('are read, with sizes as in Compose', async () => {
    const { requires } = await read(
      '    devices:',
      '      - path: /dev/serial/by-id/usb-FTDI*',
      '      - {vendor: "0403", model: "6001"}',
      '    gpus: 2',
      '    runtimes: [nvidia]',
      '    memory: 1.5g',
      '    disk: 32GiB',
      '    onLoss: keep',
    );
    expect(requires).toEqual({
      devices: [{ path: '/dev/serial/by-id/usb-FTDI*' }, { vendor: '0403', model: '6001' }],
      gpus: 2,
      runtimes: ['nvidia'],
      memory: 1.5 * 2 ** 30,
      disk: 2 ** 35,
      onLoss: 'keep',
    });
  });

  test('stop the app when a device is lost, unless they say otherwise', async () => {
    expect((await read('    memory: 2g')).requires).toMatchObject({ devices: [], runtimes: [], onLoss: 'stop' });
  });

  const AT = (line: number, column: number): string => `apps/pos/app.yaml:${line}:${column}: `;
  test.each<[string[], string]>([
    [['    devices: [{}]'], `${AT(5, 15)}a device needs a \`path\`, or a \`vendor\` or a \`model\``],
    [
      ['    devices:', '      - {path: /dev/ttyS0, vendor: FTDI}'],
      `${AT(6, 9)}a device is named by its \`path\` or by \`vendor\` and \`model\`, not by both`,
    ],
    [['    devices:', '      - path: ttyUSB0'], `${AT(6, 15)}"ttyUSB0" is not the path of a device`],
    [
      ['    devices:', '      - path: /dev/../etc/shadow'],
      `${AT(6, 15)}"/dev/../etc/shadow" is not the path of a device`,
    ],
    [['    devices:', '      - path: /dev/*/by-id/x'], `${AT(6, 15)}only the last part of a path may have a \`*\``],
    [
      ['    devices:', '      - vendor: 0403'],
      `${AT(6, 17)}spec.requires.devices[0].vendor must be a string, not the number 0403`,
    ],
    [['    devices: []'], `${AT(5, 14)}spec.requires.devices must not be empty`],
    [['    devices:', '      - serial: x'], `${AT(6, 9)}unknown key \`serial\` in spec.requires.devices[0]`],
    [['    gpus: 0'], `${AT(5, 11)}spec.requires.gpus must be at least 1, not "0"`],
    [['    gpus: all'], `${AT(5, 11)}spec.requires.gpus must be a whole number, not a string`],
    [['    runtimes: [a, a]'], `${AT(5, 19)}spec.requires.runtimes lists "a" twice`],
    [['    memory: lots'], `${AT(5, 13)}spec.requires.memory: "lots" is not a size above zero`],
    [['    disk: "0"'], `${AT(5, 11)}spec.requires.disk: "0" is not a size above zero`],
    [['    onLoss: restart'], `${AT(5, 13)}spec.requires.onLoss must be one of stop, keep, not "restart"`],
    [['    devicse: []'], `${AT(5, 5)}unknown key \`devicse\` in spec.requires`],
  ])('%j is refused with its place', async (lines, problem) => {
    expect((await read(...lines)).problems).toContain(problem);
  });
});
