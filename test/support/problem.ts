import type { TestResponse } from './http.ts';

/** Expects a problem response with this status and code. */
export function expectProblem(answer: TestResponse, status: number, code: string): void {
  expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status, code });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json\b/);
  const problem = answer.json();
  expect(problem).toMatchObject({ status, code });
  for (const member of ['type', 'title', 'detail', 'instance', 'requestId']) {
    expect({ [member]: typeof problem[member] }).toEqual({ [member]: 'string' });
  }
  expect(problem.requestId).toBe(answer.headers['x-request-id']);
  expect(answer.text).not.toMatch(/node_modules|\.ts:\d+|\bat \w+ \(/);
}

function codeOf(answer: TestResponse): unknown {
  try {
    return answer.json().code;
  } catch {
    return `no JSON: ${answer.text.slice(0, 200)}`;
  }
}
