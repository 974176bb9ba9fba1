import { describe, expect, test } from '@jest/globals';
import { proxyFor, proxyFrom } from '../../../src/net/http/proxy.ts';

const PROXY = 'http://proxy:3128';

describe('the choice of a proxy', () => {
  test.each([
    ['https://git.example.org/a', 'https_proxy', PROXY],
    ['https://git.example.org/a', 'HTTPS_PROXY', PROXY],
    ['http://git.example.org/a', 'http_proxy', PROXY],
    ['https://git.example.org/a', 'ALL_PROXY', PROXY],
    ['https://git.example.org/a', 'http_proxy', undefined],
    ['http://git.example.org/a', 'https_proxy', undefined],
  ])('%s with %s', (url, name, expected) => {
    expect(proxyFor(new URL(url), proxyFrom({ [name]: PROXY }))?.origin).toBe(expected);
  });

  test('the lower-case variable comes first, and an empty one is none', () => {
    const environment = { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' };
    expect(proxyFor(new URL('https://a.example'), proxyFrom(environment))?.host).toBe('lower:1');
    expect(proxyFor(new URL('https://a.example'), proxyFrom({ ...environment, https_proxy: '' }))?.host).toBe(
      'upper:1',
    );
  });

  test('one without a scheme is plain HTTP', () => {
    expect(proxyFor(new URL('https://a.example'), { https: 'proxy:3128' })?.href).toBe('http://proxy:3128/');
  });

  test.each(['socks5://proxy:1080', 'http://[nothing'])('%s cannot be used', (https) => {
    expect(() => proxyFor(new URL('https://a.example'), { https })).toThrow(/cannot be used/);
  });
});

describe('a direct connection', () => {
  test.each([
    ['git.example.org', 'git.example.org', true],
    ['git.example.org', 'example.org', true],
    ['git.example.org', '.example.org', true],
    ['git.example.org', '*.example.org', true],
    ['badexample.org', 'example.org', false],
    ['git.example.org', 'other.org, git.EXAMPLE.org', true],
    ['git.example.org', '*', true],
    ['git.example.org', '', false],
    ['git.example.org', 'git.example.org:443', true],
    ['git.example.org', 'git.example.org:8443', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.0.0.0/99', false],
    ['[fd00::5]', 'fd00::/16', true],
    ['[fd00::5]', 'fd00::5', true],
    ['[fd00::5]', '10.0.0.0/8', false],
    ['git.example.org', '10.0.0.0/8', false],
  ])('to %s, where NO_PROXY is "%s": %s', (host, no, expected) => {
    expect(proxyFor(new URL(`https://${host}/edge.git`), { https: PROXY, no }) === undefined).toBe(expected);
  });
});
