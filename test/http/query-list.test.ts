import { parse } from 'node:querystring';
import { listText, splitList } from '../../src/http/query-list.ts';

const read = (query: string): string | undefined => listText(parse(query), 'ids');

test.each([
  ['', ''],
  ['ids=', ''],
  ['ids=a,b', 'a,b'],
  ['ids=a&ids=b', 'a,b'],
  ['ids[]=a&ids[]=b', 'a,b'],
  ['ids%5B%5D=a&ids%5b%5d=b', 'a,b'],
  ['ids[0]=a&ids[1]=b', 'a,b'],
  ['ids%5B0%5D=a&ids%5B1%5D=b', 'a,b'],
  ['ids[1]=b&ids[0]=a', 'a,b'],
  ['ids[10]=c&ids[9]=b&ids[2]=a', 'a,b,c'],
  ['ids[0]=a&ids[0]=b', 'a,b'],
  ['ids[999999999]=b&ids[007]=a', 'a,b'],
  ['ids[0]=d,e&ids[]=b&ids=a&ids[]=c', 'b,c,a,d,e'],
  ['idsx=a&id=b&xids=c&ids=d&IDS=e', 'd'],
])('reads %j as %j', (query, text) => {
  expect(read(query)).toBe(text);
});

test.each([
  'ids[a]=x',
  'ids[-1]=x',
  'ids[1.5]=x',
  'ids[ ]=x',
  'ids[0][]=x',
  'ids[]x=x',
  'ids[=x',
  'ids[0=x',
  'ids[1234567890]=x',
  'ids[__proto__]=x',
  'ids=a&ids[length]=2',
])('rejects %j as a list', (query) => {
  expect(read(query)).toBeUndefined();
});

test('splits at commas, and rejects a text over the maximum length', () => {
  expect(splitList(' a , b', 6)).toEqual(['a', 'b']);
  expect(splitList(' a , b', 5)).toBeUndefined();
  expect(splitList('', 5)).toEqual([]);
  expect(splitList(undefined, 5)).toBeUndefined();
});
