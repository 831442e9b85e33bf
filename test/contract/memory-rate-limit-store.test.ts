import { memoryRateLimitStore } from '../../src/rate-limit/memory-rate-limit-store.ts';
import { describeAllowance } from './rate-limit-store.ts';

describeAllowance('memory', () => memoryRateLimitStore(() => performance.now()));
