import { jest } from '@jest/globals';

/**
 * Real processes on a machine that others use can be starved for longer than any bound that is tested. What
 * fails is tried once more, with its first failure printed; what is broken fails twice.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true, waitBeforeRetry: 1000 });
