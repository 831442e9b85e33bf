import { memoryRateLimitStore } from '../../src/rate-limit/memory-rate-limit-store.ts';
import { describeRateLimitStore } from './rate-limit-store.ts';

describeRateLimitStore('memory', () => memoryRateLimitStore(() => performance.now()));
