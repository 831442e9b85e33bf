import type { OperationScope } from '../contact/operation-scopes.ts';
import type { Include } from '../contact/parts/index.ts';

export interface ScopeSettings {
  /** Required for every read. */
  readonly read: string;
  /** Permits the request directives of `Cache-Control`. */
  readonly bypassCache: string;
  /** Required for an include in addition to `read`. */
  readonly includes: Partial<Record<Include, string>>;
  /** Required for an operation that finds or changes contacts. An operation without a scope is off. */
  readonly operations: Partial<Record<OperationScope, string>>;
}

/** The settings that change what the operations accept, and so their description. */
export interface OperationSettings {
  readonly scopes: ScopeSettings;
  readonly maxBatchSize: number;
  /** Whether the operations that find and change contacts are on (`WRITES`). */
  readonly writes: boolean;
  /** The brand whose members are listed; undefined turns that off. */
  readonly brandId: number | undefined;
}
