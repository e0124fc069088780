import { expect, test } from 'vitest';
import { reachOf } from './reach.ts';

const reaches = (baseUrl: string, allowInsecure: boolean, address: string) => {
  const { own, given } = reachOf({ baseUrl, allowInsecure });
  return [own(address), given(address)];
};

test.for([
  ['https://api.example.com', false, '8.8.8.8', true, true],
  ['https://api.example.com', false, '10.1.2.3', false, false],
  ['https://api.example.com', false, '127.0.0.1', false, false],
  // An address as base URL vouches for itself, for no neighbour, and for nothing that its provider writes.
  ['https://10.1.2.3', false, '10.1.2.3', true, false],
  ['https://10.1.2.3', false, '10.1.2.4', false, false],
  ['https://[fd12::1]', false, 'fd12::1', true, false],
  ['http://simulator', true, '10.1.2.3', true, true],
  ['http://simulator', true, '127.0.0.1', true, true],
  ['http://simulator', true, '::1', true, true],
  ['http://simulator', true, '8.8.8.8', true, true],
  // Where a cloud keeps its credentials, and what no simulator has.
  ['http://simulator', true, '169.254.169.254', false, false],
  ['http://simulator', true, 'fd00:ec2::254', false, false],
  ['http://simulator', true, 'fe80::1', false, false],
  ['http://simulator', true, '0.0.0.0', false, false],
  ['http://simulator', true, '::', false, false],
  ['http://simulator', true, '::ffff:169.254.169.254', false, false],
  ['http://simulator', true, '::ffff:a9fe:a9fe', false, false],
  ['http://simulator', true, '64:ff9b::a9fe:a9fe', false, false],
  ['http://simulator', true, '64:ff9b:1::a9fe:a9fe', false, false],
  ['http://simulator', true, '2002:a9fe:a9fe::', false, false],
  ['http://simulator', true, '224.0.0.1', false, false],
  ['http://simulator', true, 'simulator', false, false],
] as const)('%s, insecure %s: %s by own calls %s, by given URLs %s', (entry) => {
  const [baseUrl, allowInsecure, address, own, given] = entry;
  expect(reaches(baseUrl, allowInsecure, address)).toEqual([own, given]);
});
