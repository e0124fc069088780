import { describe, expect, test } from 'vitest';
import { isPublicAddress } from './public-address.ts';
import { checkUrl, type FetchPolicy, longestUrl } from './safe-fetch.ts';
import { readResultUrl } from './status-answer.ts';

const policy: FetchPolicy = {
  allowedHosts: ['files.example.com', 'files.example.com:8443', '127.0.0.1', '[::1]', 'localhost'],
  allowHttp: false,
  mayReach: isPublicAddress,
  maxBytes: 1_000,
  deadline_ms: 2_000,
};

describe('a URL is refused before anything is looked up where it', () => {
  test.for([
    ['is http', 'http://files.example.com/a', 'scheme_not_allowed'],
    ['is a file', 'file:///etc/passwd', 'scheme_not_allowed'],
    ['is ftp', 'ftp://files.example.com/a', 'scheme_not_allowed'],
    ['is no URL', 'files.example.com/a', 'not_a_url'],
    ['has a user', 'https://files.example.com@127.0.0.1/', 'credentials_in_url'],
    ['has another port', 'https://files.example.com:6379/a', 'host_not_allowed'],
    ['has another host', 'https://evil.example.com/a', 'host_not_allowed'],
    [
      'has a host that only begins alike',
      'https://files.example.com.evil.com/',
      'host_not_allowed',
    ],
    ['has a dot behind the host', 'https://files.example.com./a', 'host_not_allowed'],
    ['is a private address as a number', 'https://2130706433/', 'address_not_public'],
    ['is a private address, shortened', 'https://127.1/', 'address_not_public'],
    ['is a private address in hexadecimal', 'https://0x7f000001/', 'address_not_public'],
    ['is loopback in IPv6', 'https://[::1]/', 'address_not_public'],
    ['is mapped loopback', 'https://[::ffff:7f00:1]/', 'host_not_allowed'],
    ['is cloud metadata', 'https://169.254.169.254/', 'host_not_allowed'],
    ['is nowhere', 'https://0.0.0.0/', 'host_not_allowed'],
    ['is 8 KB long', `https://files.example.com/${'a'.repeat(8_192)}`, 'url_too_long'],
  ])('%s', ([, url = '', reason]) => {
    expect(checkUrl(url, policy)).toBe(reason);
  });
});

test('a URL of a listed host passes on 443 and on the port that the list names', () => {
  expect(checkUrl('https://files.example.com/a?b=c', policy)).toBeInstanceOf(URL);
  expect(checkUrl('https://files.example.com:443/a', policy)).toBeInstanceOf(URL);
  expect(checkUrl('https://files.example.com:8443/a', policy)).toBeInstanceOf(URL);
});

test('a policy that takes http and any address still holds to the list', () => {
  const insecure = { ...policy, allowHttp: true, mayReach: () => true };
  expect(checkUrl('http://127.0.0.1/a', insecure)).toBeInstanceOf(URL);
  expect(checkUrl('http://127.0.0.1:6379/a', insecure)).toBe('host_not_allowed');
});

test.for([
  ['8.8.8.8', true],
  ['52.219.40.1', true],
  ['2600:1f18::1', true],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.169.254', false],
  ['172.31.255.255', false],
  ['172.32.0.1', true],
  ['192.168.0.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::808:808', false],
  ['2001:0:4136:e378::1', false],
  ['2001:db8::1', false],
  ['2002:7f00:1::', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['fe80::1%eth0', false],
  ['ff02::1', false],
  ['files.example.com', false],
] as const)('%s is public: %s', ([address, expected]) => {
  expect(isPublicAddress(address)).toBe(expected);
});

test('a URL of a status is fetched up to the length that is read', () => {
  const start = 'https://files.example.com/';
  for (const length of [5_000, longestUrl]) {
    const url = start.padEnd(length, 'a');
    expect(readResultUrl(url)).toBe(url);
    expect(checkUrl(url, policy)).toBeInstanceOf(URL);
  }
  const longer = start.padEnd(longestUrl + 1, 'a');
  expect(readResultUrl(longer)).toBeNull();
  expect(checkUrl(longer, policy)).toBe('url_too_long');
});
