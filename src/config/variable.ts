import type { z } from 'zod';
import type { SettingsFile } from './settings-file.ts';
import type { TextKind } from './values/text.ts';

/** Checks and converts the text of a value. Its messages do not quote the value. */
type Schema<T> = z.ZodType<T, string>;

/** A variable of the environment. If it is empty, it is treated as not set. */
export interface Variable<T> {
  /** Markdown. */
  readonly description: string;
  readonly schema: Schema<T>;
  /** The value if the variable is not set. */
  readonly default: T;
  readonly kind: TextKind;
  /** Whether `<NAME>_FILE` can name a file that holds the value. */
  readonly secret: boolean;
  /** Whether a first start is likely to need it, so that the README lists it. */
  readonly essential: boolean;
  /** Names that other programs use for the same setting. */
  readonly otherNames: readonly string[];
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;

/** The values of variables, by name. */
export type Values<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** A group of variables that belong to one component. */
export interface Slice {
  /** Heading and first paragraph of its section in the documentation, in Markdown. */
  readonly title: string;
  readonly introduction: string;
  /** Prefixes of names that only this program uses. */
  readonly prefixes: readonly string[];
  readonly variables: Variables;
  /** Files with further settings, which are not secret. */
  readonly files: readonly Pick<SettingsFile<unknown>, 'name' | 'description'>[];
}

type Options = Partial<Pick<Variable<unknown>, 'kind' | 'secret' | 'essential' | 'otherNames'>>;

/** Defines a variable. Without a default, its value is undefined if it is not set. */
export function variable<T>(
  description: string,
  schema: Schema<T>,
  options: Options & { readonly default: NoInfer<T> },
): Variable<T>;
export function variable<T>(
  description: string,
  schema: Schema<T>,
  options?: Options,
): Variable<T | undefined>;
export function variable<T>(
  description: string,
  schema: Schema<T>,
  options: Options & { readonly default?: T } = {},
): Variable<T | undefined> {
  const { kind = 'word', secret = false, essential = false, otherNames = [] } = options;
  return { description, schema, default: options.default, kind, secret, essential, otherNames };
}
