import { expect, test } from '@jest/globals';
import type { Claim, Held } from '../../../src/compose/claims.ts';
import { type Contender, conflictsOf } from '../../../src/compose/conflicts.ts';
import { formatProblem } from '../../../src/lib/errors.ts';

const port = (number: number, ip = ''): Held => ({ kind: 'port', protocol: 'tcp', ip, port: number });
const asked = (held: Held): Claim => ({
  ...held,
  text: held.kind === 'port' ? `the host port ${held.port}` : held.kind,
  at: undefined,
});
const app = (name: string, claims: Held[] | undefined, held?: Held[]): Contender => ({
  name,
  claims: claims?.map(asked),
  held,
});
const told = (...apps: Contender[]) =>
  Object.fromEntries([...conflictsOf(apps)].map(([name, problems]) => [name, problems.map(formatProblem)]));

test('the app that was accepted with a claim keeps it, even if another one comes first by name', () => {
  expect(told(app('a', [port(80)]), app('b', [port(80)], [port(80)]))).toEqual({
    a: ['the host port 80 is also claimed by the app b; b had it before and keeps it'],
  });
});

test('another app may take a thing that is given up in the same commit, and two apps may swap', () => {
  expect(told(app('a', [port(80)]), app('b', [port(81)], [port(80)]))).toEqual({});
  expect(told(app('a', [port(81)], [port(80)]), app('b', [port(80)], [port(81)]))).toEqual({});
});

test('an app that is broken by the commit keeps what it held, and who relied on a hand-over waits', () => {
  expect(Object.keys(told(app('a', [port(80)], [port(82)]), app('b', undefined, [port(80)])))).toEqual(['a']);
});

test('a losing app keeps the claims of its last good state, and others do not get them', () => {
  const given = [app('a', [port(80)], [port(90)]), app('b', [port(80)], [port(80)]), app('c', [port(90)])];
  expect(Object.keys(told(...given))).toEqual(['a', 'c']);
});

test('an app that held one address did not hold the others', () => {
  const [one, every, other] = [port(80, '127.0.0.1'), port(80), port(80, '10.0.0.1')];
  expect(Object.keys(told(app('a', [every], [one]), app('b', [other])))).toEqual(['a', 'b']);
});

test('an address on a network is one app’s, and may be handed over like a port', () => {
  const address = (last: number, network = 'edge'): Held => ({ kind: 'address', network, address: `10.0.0.${last}` });
  expect(Object.keys(told(app('a', [address(1)]), app('b', [address(1)], [address(1)])))).toEqual(['a']);
  expect(told(app('a', [address(2)], [address(1)]), app('b', [address(1)], [address(2)]))).toEqual({});
  expect(told(app('a', [address(1)]), app('b', [address(1, 'other')]))).toEqual({});
});
