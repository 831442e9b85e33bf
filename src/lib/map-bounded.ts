/**
 * Maps the items, at most `parallelism` at a time. The results keep the order of the items. Rejects with the first
 * failure; the other workers continue.
 */
export async function mapBounded<In, Out>(
  items: readonly In[],
  parallelism: number,
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, items.length) }, worker));
  return results;
}
