import manifest from '../../package.json' with { type: 'json' };
import { runNode } from '../support/child.ts';

const run = (...args: string[]) => runNode('src/main.ts', {}, { args });

test.each(['--version', '-v'])('%s prints the version', async (argument) => {
  expect(await run(argument)).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

test.each(['--help', '-h'])('%s prints the usage, without a configuration', async (argument) => {
  const { code, stdout, stderr } = await run(argument);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: node_modules\/\.bin\/node src\/main\.ts /);
  expect(stdout).toContain('`npm start`');
  expect(stdout).toContain('ZYNTRO_DEVELOPER_SECRET');
});

test.each(['--port', 'start'])('the unknown argument %s is an error with the usage', async (argument) => {
  const { code, stdout, stderr } = await run(argument);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toMatch(/^Un\S+ [^]*\n\nUsage: /);
});
